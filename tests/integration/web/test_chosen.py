"""Scorecards of some signals, and two side by side: every count leads to exactly the signals that it counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from signaltape.clock import WIB
from tests.integration.web.test_counts import Counts
from tests.support.book import Book
from tests.support.served import Served

WEEK = "since=2022-01-17&until=2022-01-23"
MOMENTS = ("2022-01-17T00:00:00", "2022-01-18T10:59:59.999", "2022-01-18T11:00:00", "2022-01-23T23:59:59.999")


@pytest.fixture
def spread(book: Book) -> Book:
    """Two weeks of everything, at hours and weekdays that begin and end, under two rules versions."""
    for place, at in enumerate((*MOMENTS, "2022-01-16T23:59:59.999", "2022-01-11T10:30:00")):
        for number, rr in enumerate((1, -1, None)):
            changes: dict[str, Any] = {
                "symbol": ("BTC-PERP", "SOL & co")[number % 2],
                "setup": ("a+b", None)[place % 2],
                "rules_version": ("v1", "v 2")[(place + number) % 2],
                "scenarios": {"primary": {"side": ("long", "short")[number // 2]}},
            }
            signal_id = book.signal(("0.5", "0.79996", "0.8")[number], at=at, **changes)
            if rr is not None:
                book.close(signal_id, rr)
            elif place % 2:
                book.invalidate(signal_id, "sl")
    return book


def listed(served: Served, address: str) -> Any:
    path = address.replace("/signals?", "/api/signals?limit=500&")
    return served.get(path, Accept="application/json").json


@pytest.mark.parametrize(
    "path",
    [
        "/score/2022-W03?side=long",
        "/score/2022-W03?symbol=SOL+%26+co&rules=v+2",
        "/score/2022-W03?hour=10&weekday=Tue",
        "/score/2022-W03?hour=23",
        "/score/2022-W03?setup=a%2Bb&weekday=Mon",
        "/score/compare?a=2022-W03&b=2022-W02",
        "/score/compare?a=v1&b=v+2&side=long",
        "/score/compare?a=2022-W02&b=v1&hour=10",
    ],
)
def test_the_lists_behind_the_counts_add_up_to_them(served: Served, spread: Book, path: str) -> None:
    page = served.get(path)
    assert page.status == 200
    counts = Counts(page.text).found
    assert len(counts) > 4
    for address, n in counts:
        found = listed(served, address)
        assert (found["total"], len(found["signals"])) == (n, n), address


IN_WIB: dict[str, Callable[[datetime], bool]] = {
    "hour=0": lambda at: at.hour == 0,
    "hour=10": lambda at: at.hour == 10,
    "hour=23&weekday=Sun": lambda at: (at.hour, at.isoweekday()) == (23, 7),
    "weekday=Tue": lambda at: at.isoweekday() == 2,
}


@pytest.mark.parametrize("query", IN_WIB)
def test_hours_and_weekdays_are_those_of_wib(served: Served, spread: Book, query: str) -> None:
    everything = listed(served, f"/signals?{WEEK}")["signals"]
    there = {
        one["signal_id"]
        for one in everything
        if IN_WIB[query](datetime.fromisoformat(one["ts_published"]).astimezone(WIB))
    }
    assert there
    assert {one["signal_id"] for one in listed(served, f"/signals?{WEEK}&{query}")["signals"]} == there
    card = served.get(f"/api/scorecards/2022-W03?{query}", Accept="application/json").json
    assert card["figures"]["published"] == len(there)


def test_a_part_proposes_nothing_and_leads_on_to_the_same_part(served: Served, spread: Book) -> None:
    text = served.get("/score/2022-W03?side=long&hour=10").text
    assert "side <b>long</b> · hour <b>10</b>" in text
    for address in (
        "/score/2022-W02?side=long&amp;hour=10",
        "/score/2022-W03?side=long&amp;hour=10&amp;symbol=",
    ):
        assert address in text
    assert "propose" not in text


def test_what_is_compared_may_be_left_out_and_is_this_week_and_the_last(served: Served, book: Book) -> None:
    book.closed_signal("0.85", 1)
    assert served.get("/score/compare").status == 200
    text = served.get("/score/compare?a=2022-W03&b=2022-W02").text
    assert "+1.000 R" in text
    assert ">n=1<" in text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/score/compare?a=nobody", 404),
        ("/score/compare?a=2022-W03&b=%00", 400),
        ("/score/compare?a=" + "x" * 201, 400),
        ("/score/2022-W03?hour=24", 400),
        ("/score/2022-W03?hour=%D9%A3", 400),
        ("/score/2022-W03?weekday=1", 400),
        ("/score/2022-W03?symbol=%00", 400),
        ("/api/scorecards/2022-W03?side=up", 400),
    ],
)
def test_what_cannot_be_asked_is_said(served: Served, path: str, status: int) -> None:
    assert served.get(path).status == status


def test_hostile_names_stay_texts(served: Served, book: Book) -> None:
    evil = '"><img src=x onerror=alert(1)>'
    book.closed_signal("0.85", 1, rules_version=evil, symbol=evil, setup=evil)
    quoted = "%22%3E%3Cimg+src%3Dx+onerror%3Dalert%281%29%3E"
    for path in (f"/score/compare?a={quoted}&b={quoted}", f"/score/2022-W03?symbol={quoted}&setup={quoted}"):
        page = served.get(path)
        assert page.status == 200
        assert "<img" not in page.text
