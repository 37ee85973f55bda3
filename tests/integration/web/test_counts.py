"""Every count leads to the list of exactly the signals that it counts."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from reports.text.feedback import feedback_lines
from sink.db import Connection
from tests.support.alerted import TUESDAY, Alerted
from tests.support.book import Book
from tests.support.served import Served


class Counts(HTMLParser):
    """Links whose text is a number: (address, number)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._address: str | None = None
        self.found: list[tuple[str, int]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._address = dict(attrs).get("href") if tag == "a" else None

    def handle_data(self, data: str) -> None:
        if self._address and data.strip().isdigit():
            self.found.append((self._address, int(data)))

    def handle_endtag(self, _tag: str) -> None:
        self._address = None


@pytest.fixture
def mixed(book: Book) -> Book:
    """A week of everything, and signals of the weeks beside it that must not be counted."""
    with book.at_once():
        for place, score in enumerate(("0.4999", "0.5", "0.55", "0.62", "0.79996", "0.8", "0.93")):
            changes: dict[str, Any] = {
                "symbol": ("BTC-PERP", "SOL & co")[place % 2],
                "setup": ("a+b", None)[place % 2],
                "scenarios": {"primary": {"side": ("long", "short")[place % 2]}},
            }
            if place % 2:
                changes.update(entry=100, sl=99, tp=102, tp2=104, confidence=score)
            for rr in (1, -1, 0, 4):
                book.closed_signal(score, rr, **changes)
            book.invalidate(book.signal(score, **changes), "sl")
            book.invalidate(book.signal(score, **changes), "expiry")
            book.signal(score, **changes)
        for number in range(3):
            followed = book.signal("0.66")
            book.close(followed, number - 1, by="ghost")
        mixed_up = book.closed_signal("0.66", 2)
        book.invalidate(mixed_up, "expiry", by="ghost")
        for at in ("2022-01-16T23:59:59.999", "2022-01-24T00:00:00"):
            book.closed_signal("0.55", 1, at=at)
    return book


def test_the_lists_behind_the_counts_add_up_to_them(served: Served, mixed: Book) -> None:
    page = served.get("/score/2022-W03")
    counts = Counts(page.text).found
    assert len(counts) > 30
    for address, n in counts:
        listed = served.get(
            address.replace("/signals?", "/api/signals?limit=500&"), Accept="application/json"
        ).json
        assert (listed["total"], len(listed["signals"])) == (n, n), address


def test_clicks_and_what_was_held_back_lead_to_their_signals(
    served: Served, mixed: Book, connection: Connection
) -> None:
    alerted = Alerted(connection)
    for place in range(4):
        at = TUESDAY - timedelta(weeks=3 * (place % 2))
        for number, value in enumerate(("up", "up", "down", "took", "skipped", "skipped")):
            setup = ("a+b", "c & d")[number % 2]
            signal_id = mixed.signal("0.62", at=at.isoformat(), setup=setup)
            mixed.close(signal_id, number - 2, at=(at + timedelta(hours=1)).isoformat())
            ref = alerted.sent(signal_id, at=at)
            alerted.click(ref, value, kind="rating" if number < 3 else "took")
        alerted.held(mixed.closed_signal("0.8", -1, at=at.isoformat()), "budget", at=at)
        alerted.held(mixed.signal("0.8", at=at.isoformat()), "min_rr", at=at)
    page = served.get("/score/2022-W03").text
    counts = [one for one in Counts(page).found if "vote=" in one[0] or "held=" in one[0]]
    assert sorted(n for address, n in counts if "setup" not in address) == [4] * 7 + [8] * 4
    for address, n in counts:
        listed = served.get(
            address.replace("/signals?", "/api/signals?limit=500&"), Accept="application/json"
        ).json
        assert (listed["total"], len(listed["signals"])) == (n, n), address
    told = feedback_lines(mixed.card().feedback)
    assert all(line in unescape(page) for line in told if not line.startswith(("Setup", "Held back")))
    assert next(line for line in told if line.startswith("Held back")).endswith(
        "closed 4, saved 4.00 R, mean -1.000 R, ⏳ NOT ENOUGH DATA"
    )
    assert served.get("/api/signals?vote=sideways").status == 400


def test_without_a_desk_the_page_says_nothing_of_clicks(served: Served, mixed: Book) -> None:
    page = served.get("/score/2022-W03").text
    assert "Feedback" not in page
    assert served.get("/api/scorecards/2022-W03").json["feedback"] is None


def test_bins_and_week_say_what_the_scorecard_says(served: Served, mixed: Book) -> None:
    card = mixed.card()
    found = dict(Counts(served.get("/score/2022-W03").text).found)
    for number, one in enumerate(card.bins):
        of_bin = f"/signals?since=2022-01-17&until=2022-01-23&bin={number}"
        assert found[of_bin] == one.published
        assert found[f"{of_bin}&outcome=closed"] == one.n
        assert found[f"{of_bin}&outcome=won"] == one.wins
        assert found[f"{of_bin}&outcome=sl"] == one.sl
        assert found[f"{of_bin}&outcome=open"] == one.open


def test_looking_at_a_scorecard_stores_none(served: Served, mixed: Book) -> None:
    assert served.get("/score/2022-W03").status == 200
    assert served.get("/api/scorecards").json == {"scorecards": []}


@pytest.mark.parametrize(("kind", "begins"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_the_picture_of_the_report_can_be_had(served: Served, mixed: Book, kind: str, begins: bytes) -> None:
    answer = served.get(f"/score/2022-W03.{kind}")
    assert answer.status == 200
    assert answer.body.startswith(begins)
    assert f"scorecard-2022-W03.{kind}" in answer.headers["Content-Disposition"]


def test_groups_with_few_signals_are_grey(served: Served, book: Book) -> None:
    for n in range(11):
        book.closed_signal("0.85", 1, symbol="MANY")
        if n < 9:
            book.closed_signal("0.85", 1, symbol="FEW")
    rows = served.get("/score/2022-W03").text.split("<tr")
    assert any("few" in row and ">FEW<" in row for row in rows)
    assert not any("few" in row.partition(">")[0] and ">MANY<" in row for row in rows)
