"""What is said is what is stored: alike everywhere, rounded once, of the signals it names, of a week that is over."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reports import __main__, delivery
from reports.course import NO_COURSE
from reports.evidence.verdict import Counted, Kind, judge
from reports.operations import scorecards
from reports.scorecard import _at_both_ends
from reports.text.message import compose
from reports.text.sentences import bin_detail, bin_line, change_line
from reports.weeks import week_of
from signaltape import Settings
from signaltape.clock import utc_now
from sink.db import Connection
from tests.integration.conftest import environment_of
from tests.support.book import Book
from tests.support.botapi import TOKEN
from tests.support.said import said

BOT = {
    "TELEGRAM_BOT_TOKEN": TOKEN,
    "TELEGRAM_CHAT_ID": "42",
    "TELEGRAM_API_BASE": "http://127.0.0.1:1",
}


def call(settings: Settings, *arguments: str, **changes: str) -> Result:
    return CliRunner().invoke(__main__.main, arguments, env={**environment_of(settings), **changes})


def keys(connection: Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT message_key FROM outbox ORDER BY id").fetchall()]


def test_a_winrate_is_rounded_alike_wherever_it_is_said(book: Book) -> None:
    from reports.drawing.picture import plot  # matplotlib takes half a second: few tests need it

    for at in ("2022-01-11T10:00:00", "2022-01-18T10:00:00"):
        for place in range(16):
            signal = book.signal(0.82, at=at)
            book.close(signal, 1 if place == 0 else -1, fees_r=0)
    card = book.card()
    assert "winrate=0.063" in bin_line(card.bins[4])
    assert "net winrate=0.063" in bin_detail(card.bins[4])
    assert "winrate 0.063 → 0.063" in change_line(card)
    labels = [text.get_text() for axes in plot(card, NO_COURSE).axes for text in axes.texts]
    assert "0.063" in labels


def test_a_figure_is_said_as_it_is_stored(book: Book) -> None:
    for place in range(103):
        signal = book.signal(0.82, rr=1.9346)
        if place < 53:
            book.trigger(signal, 60_000)
    book.close(signal, 0.1346, fees_r=0)
    text = said(compose(book.card()))
    assert "Triggered 51.5%" in text, "53 of 103 are 51.456 %"
    assert "Realised +0.135 R of a mean target of 1.935 R" in text
    assert "net winrate=1.000, +0.135 R" in text


def test_what_is_net_of_costs_says_of_how_many_signals_it_is(book: Book) -> None:
    for rr in (2, 2, 2):
        book.closed_signal(0.82, rr)
    book.close(book.signal(0.82), -1, fees_r=0.1)
    card = book.card()
    text = said(compose(card))
    assert "net winrate=0.000, -1.100 R (1 of 4)" in text
    assert "net -1.100 R (1 of 4)" in text


def test_a_verdict_whose_reason_depends_on_ties_is_none() -> None:
    labels = ("0.50-0.59", "0.60-0.69", "0.70-0.79", "0.80+")
    stop_first, target_first = (
        judge([Counted(label, wins, 100) for label, wins in zip(labels, told, strict=True)])
        for told in ((50, 20, 50, 50), (50, 60, 90, 50))
    )
    assert stop_first.kind is target_first.kind is Kind.BROKEN
    assert stop_first.worst is not None
    assert target_first.worst is not None
    assert stop_first.worst[:2] != target_first.worst[:2]
    assert _at_both_ends(stop_first, target_first).kind is Kind.NOT_ENOUGH_DATA
    assert _at_both_ends(stop_first, stop_first) == stop_first


def test_a_week_that_is_not_over_says_so_in_every_file(settings: Settings, tmp_path: Path) -> None:
    result = call(settings, "scorecard", "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    name = f"scorecard-{week_of(utc_now()).name}"
    assert (tmp_path / f"{name}.txt").read_text().startswith("📊 Weekly Scorecard (so far) · ")
    assert json.loads((tmp_path / f"{name}.json").read_text())["so_far"] is True


def test_a_picture_of_a_week_that_is_not_over_says_so(book: Book) -> None:
    from reports.drawing.picture import plot  # matplotlib takes half a second: few tests need it

    page = plot(book.card(), NO_COURSE, so_far=True)
    assert "Weekly Scorecard (so far)" in [text.get_text() for text in page.texts]


def test_a_week_that_has_not_begun_is_not_sent(connection: Connection, settings: Settings) -> None:
    ahead = week_of(utc_now()).earlier(-2)
    result = call(settings, "scorecard", "--week", ahead.name, "--send", **BOT)
    assert result.exit_code == 2, result.output
    assert f"{ahead.name} has not begun" in result.output
    assert keys(connection) == []


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """This machine's clock is nine days ahead."""
    ahead = utc_now() + timedelta(days=9)
    monkeypatch.setattr(__main__, "utc_now", lambda: ahead)
    monkeypatch.setattr(scorecards, "SEND_WITHIN_S", 0.1)
    monkeypatch.setattr(delivery, "_files", lambda *_: [])
    return ahead


def test_a_clock_that_is_ahead_does_not_take_the_place_of_sundays_report(
    connection: Connection, settings: Settings, hasty: datetime
) -> None:
    week = week_of(utc_now())
    call(settings, "scorecard", "--week", week.name, "--send", **BOT)
    assert [key.split(":")[0] for key in keys(connection)] == ["scorecard-so-far"]
