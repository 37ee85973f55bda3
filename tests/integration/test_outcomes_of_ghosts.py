"""What became of a signal is told by its engine, else by its ghost; both in every mixture, and what says so."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Any, NamedTuple

import pytest

from reports.files import as_document
from reports.text.message import compose
from reports.text.sentences import rest_lines
from sink import quality
from sink.db import Connection, rows_as_dicts
from sink.quality import purge
from tests.support.book import W03, Book
from tests.support.said import said
from tests.support.samples import new_id

REASONS = (None, "sl", "expiry")
RR = {"signal": Decimal("1.5"), "ghost": Decimal("-0.25")}
_COLUMNS = b"""
SELECT signal_id::text, triggered, entry_fill, time_to_trigger_ms, ts_invalidated IS NOT NULL AS invalidated,
    reason, ts_closed IS NOT NULL AS ts_closed, exit_reason, time_in_trade_ms, rr_realized, ends IS NOT NULL AS ended,
    closed, open, stopped, won, won_at_best, cost_r, net_r, outcome_from, rr_best, ghost_rr, ghost_rr_best, ghost_exit
FROM signal_outcomes"""


class Told(NamedTuple):
    """What one of the two told of a signal."""

    triggered: bool
    closed: bool
    reason: str | None

    @property
    def ended(self) -> bool:
        return self.closed or self.reason is not None


ALL = [Told(*one) for one in product((False, True), (False, True), REASONS)]
NOTHING = Told(triggered=False, closed=False, reason=None)


def tell(book: Book, signal_id: str, told: Told, by: str) -> None:
    price = {"signal": 100, "ghost": 101}[by]
    if told.triggered:
        book.trigger(signal_id, price * 1000, by=by, entry_fill=price)
    if told.reason:
        book.invalidate(signal_id, told.reason, by=by)
    if told.closed:
        more: dict[str, Any] = {
            "rr_best": RR[by] + 1,
            "fees_r": Decimal("0.05"),
            "exit_reason": {"signal": "tp", "ghost": "sl"}[by],
        }
        book.close(signal_id, RR[by], by=by, time_in_trade_ms=price, **more)


def expected(engine: Told, ghost: Told) -> dict[str, Any]:
    """The rule, in words: the engine's own end wins as a whole, and so does its trigger; else the ghost's."""
    who = "signal" if engine.ended else "ghost"
    end = engine if engine.ended else ghost
    price = 100 if engine.triggered else 101
    triggered = engine.triggered or ghost.triggered
    rr = RR[who] if end.closed else None
    return {
        "triggered": triggered,
        "entry_fill": price if triggered else None,
        "time_to_trigger_ms": price * 1000 if triggered else None,
        "invalidated": end.reason is not None,
        "reason": end.reason,
        "ts_closed": end.closed,
        "exit_reason": ({"signal": "tp", "ghost": "sl"}[who]) if end.closed else None,
        "time_in_trade_ms": ({"signal": 100, "ghost": 101}[who]) if end.closed else None,
        "rr_realized": rr,
        "ended": end.ended,
        "closed": end.closed,
        "open": not end.ended,
        "stopped": end.reason == "sl" and not end.closed,
        "won": rr is not None and rr > 0,
        "won_at_best": rr is not None and rr + 1 > 0,
        "cost_r": Decimal("0.05") if end.closed else None,
        "net_r": rr and rr - Decimal("0.05"),
        "outcome_from": {"signal": "engine"}.get(who, who) if end.ended else None,
        "rr_best": rr and rr + 1,
        "ghost_rr": RR["ghost"] if ghost.closed else None,
        "ghost_rr_best": RR["ghost"] + 1 if ghost.closed else None,
        "ghost_exit": "sl" if ghost.closed else ghost.reason,
    }


def test_every_mixture_of_engine_and_ghost(connection: Connection, book: Book) -> None:
    mixtures = {book.signal("0.55"): one for one in product(ALL, ALL)}
    for signal_id, (engine, ghost) in mixtures.items():
        tell(book, signal_id, engine, "signal")
        tell(book, signal_id, ghost, "ghost")
    rows = {row.pop("signal_id"): row for row in rows_as_dicts(connection, _COLUMNS)}
    assert len(rows) == len(ALL) ** 2
    for signal_id, (engine, ghost) in mixtures.items():
        assert rows[signal_id] == expected(engine, ghost), (engine, ghost)


@pytest.mark.parametrize(("source", "never"), [("engine", "lost"), ("ghost", "won")])
def test_outcomes_are_chosen_by_who_tells_them(
    connection: Connection, book: Book, source: str, never: str
) -> None:
    for engine, ghost in product(ALL, ALL):
        signal_id = book.signal("0.55")
        tell(book, signal_id, engine, "signal")
        tell(book, signal_id, ghost, "ghost")
    for outcome in ("closed", "won", "lost", "sl", "open", "triggered", "expired", None):
        found = connection.execute(
            "SELECT signal_id FROM chosen_outcomes(outcome => %s, source => %s) ORDER BY 1", (outcome, source)
        ).fetchall()
        beside = connection.execute(
            "SELECT signal_id FROM chosen_outcomes(outcome => %s) WHERE outcome_from = %s ORDER BY 1",
            (outcome, source),
        ).fetchall()
        assert found == beside
        assert bool(found) is (outcome not in ("open", never)), outcome


def test_a_scorecard_says_how_many_outcomes_came_from_where(book: Book) -> None:
    book.closed_signal("0.55", 1)
    assert not any("Outcomes" in line for line in rest_lines(book.card())), (
        "the engine told all: nothing to say"
    )
    for number in range(2):
        book.close(book.signal("0.65"), number, by="ghost")
    book.invalidate(book.signal("0.75"), "expiry", by="ghost")
    book.invalidate(book.signal("0.75"), "sl")
    book.signal("0.75")
    card = book.card()
    assert "Outcomes: 2 engine · 3 ghost" in rest_lines(card)
    assert "Outcomes: 2 engine · 3 ghost" in said(compose(card))
    assert as_document(card)["outcomes_from"] == {"engine": 2, "ghost": 3}


def test_the_tables_of_ghosts_are_looked_after_like_the_others(connection: Connection, book: Book) -> None:
    lost, kept = new_id(), book.signal("0.55")
    for signal_id in (lost, kept):
        tell(book, signal_id, Told(triggered=True, closed=True, reason="sl"), "ghost")
    orphans = quality.orphans(connection, W03.since, W03.until)
    tables = ("ghost_triggers", "ghost_invalidations", "ghost_closures")
    assert {name: n for name, n in orphans.items() if n} == dict.fromkeys(tables, 1)
    assert quality.disagreements(connection) == {}
    connection.execute("DELETE FROM ghost_closures WHERE signal_id = %s", (lost,))
    assert quality.disagreements(connection) == {"ghost_closed": (2, 1)}
    assert purge(connection, kept) == 4
    for table in tables:
        left = connection.execute(f"SELECT signal_id::text FROM {table}".encode()).fetchall()
        assert left in ([(lost,)], []), table


def test_a_trigger_of_its_ghost_is_none_of_an_outcome(connection: Connection, book: Book) -> None:
    signal_id = book.signal("0.55")
    tell(book, signal_id, NOTHING._replace(triggered=True), "ghost")
    row = connection.execute("SELECT triggered, open, outcome_from FROM signal_outcomes").fetchone()
    assert row == (True, True, None)
