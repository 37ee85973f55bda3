"""Hit rates of the targets and what 100 signals leave, by hand; each count's list has as many signals."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from reports.evidence.verdict import Kind
from reports.targets import Targets
from reports.text.message import compose
from signaltape import Settings
from sink.db import Connection
from sink.write.writer import BatchWriter
from tests.integration.conftest import Runner
from tests.support.book import W03, Book
from tests.support.entries import accepted
from tests.support.ghosting import START, Ghost, Tape
from tests.support.ghosting import told as told_on_tape
from tests.support.said import said
from tests.support.samples import closed

#: One R is 1; a round trip costs 0.1 R.
PLAN: dict[str, Any] = {"entry": 100, "sl": 99, "tp": 102, "tp2": 104}


def at(day: int, hour: int) -> str:
    return f"2022-01-{17 + day}T{hour:02d}:00:00"


def told(book: Book, kind: str = "all", name: str = "all") -> Targets:
    return next(one for one in book.card().targets if (one.kind, one.name) == (kind, name))


def test_what_reached_its_targets_by_hand(book: Book) -> None:
    """Two at TP2 (3 R and 4 R), one at TP1 (2 R), one stopped with and one without a closure, one that expired."""
    for n, (rr, reason) in enumerate([(3, "tp"), (4, "tp"), (2, "tp"), (-1, "sl"), (1, "time")]):
        book.close(book.signal(0.8, at=at(0, n), **PLAN), rr, exit_reason=reason)
    book.invalidate(book.signal(0.8, at=at(1, 1), **PLAN), "sl")
    book.invalidate(book.signal(0.8, at=at(1, 2), **PLAN), "expiry")
    book.signal(0.8, at=at(1, 3), **PLAN)
    found = told(book)
    assert (found.tp1.hits, found.tp1.n) == (3, 6)
    assert (found.tp2.hits, found.tp2.n) == (2, 6)
    assert found.settled == 7
    assert found.net is not None
    # (3 + 4 + 2 - 1 + 1 - 1) less six round trips of 0.1 R, the expired one is worth 0
    assert found.net.mean_r == Decimal("1.057")


def test_a_plan_with_one_target_has_no_second(book: Book) -> None:
    book.close(book.signal(0.8, entry=100, sl=99, tp=102), 2)
    found = told(book)
    assert (found.tp1.n, found.tp2.n, found.tp2.rate) == (1, 0, None)
    assert "TP2 reached" not in said(compose(book.card()))


def test_costs_that_are_not_known_are_not_invented(book: Book) -> None:
    book.close(book.signal(0.8), 2)
    found = told(book)
    assert (found.tp1.n, found.settled, found.net) == (1, 0, None)


def test_by_setup_symbol_and_confidence_in_the_message(book: Book) -> None:
    for n in range(6):
        groups = {
            "setup": ("a", "b")[n % 2],
            "symbol": ("BTC", "ETH")[n % 2],
            "confidence": (0.55, 0.85)[n % 2],
        }
        book.close(
            book.signal(0.8, at=at(n, n), **PLAN, **groups),
            2 if n % 2 else -1,
            exit_reason=("sl", "tp")[n % 2],
        )
    assert told(book, "setup", "b").tp1 == (3, 3, 3.0)
    assert told(book, "confidence", "0.50-0.59").tp1.hits == 0
    text = said(compose(book.card()))
    assert "TP1 reached: 0.500 (n=6; 0.19–0.81), wanted above 0.60: ⏳" in text
    assert "setup a: TP1 0/3, TP2 0/3, per 100 -110.0 R" in text
    assert "confidence 0.80+: TP1 3/3" in text
    assert "Per 100 signals: +40.0 R" in text


@pytest.mark.parametrize(("hits", "kind"), [(95, Kind.OK), (60, Kind.NOT_ENOUGH_DATA), (20, Kind.BROKEN)])
def test_what_is_wanted_is_judged_by_the_interval(book: Book, hits: int, kind: Kind) -> None:
    with book.at_once():
        for n in range(100):
            rr = 2 if n < hits else -1
            exit_reason = "tp" if n < hits else "sl"
            book.close(book.signal(0.8, at=at(n % 7, n % 24), **PLAN), rr, exit_reason=exit_reason)
    assert told(book).tp1.judged(0.6) is kind


def test_five_coins_that_move_as_one_count_as_one(book: Book) -> None:
    """20 bets of five coins, all five of a bet end the same way."""
    with book.at_once():
        for bet in range(20):
            for coin in ("BTC", "ETH", "SOL", "AVAX", "XRP"):
                signal_id = book.signal(0.8, at=at(bet % 5, bet), symbol=coin, **PLAN)
                book.close(signal_id, 2 if bet % 2 else -1, exit_reason=("sl", "tp")[bet % 2])
    whole, one = told(book), told(book, "symbol", "ETH")
    assert whole.tp1.n == 100
    assert whole.tp1.counts_as == pytest.approx(20)
    assert one.tp1 == (20, 10, 20.0), "a coin alone is a bet each time"
    assert "n=100, counts as 20; 0.30–0.70" in said(compose(book.card()))


def test_a_ghost_tells_that_the_first_target_was_reached_though_the_rest_was_stopped(
    redis_client: Any, settings: Settings, connection: Connection, book: Book
) -> None:
    """In at 100, half out at 102, the rest at 99."""
    tape, ghost = Tape(redis_client, settings.stream), Ghost(settings, connection, track=True)
    signal_id = book.signal(0.8, at=START.isoformat(), **PLAN)
    tape.plan(signal_id=signal_id, **PLAN)
    for n, prices in enumerate([(100, 101, 99.5, 100), (100, 103, 100, 103), (103, 103, 98, 98)]):
        tape.bar(60 * (n + 1), [str(one) for one in prices])
    ghost.run()
    writer = BatchWriter(connection)
    for name in ("ghost_triggered", "ghost_closed"):
        writer.write([accepted(name, one) for one in told_on_tape(redis_client, settings, name)])
    row = connection.execute("SELECT exit_reason, hit_tp1, hit_tp2 FROM signal_outcomes").fetchone()
    assert row == ("sl", True, False)


@pytest.mark.parametrize(("fees_r", "net_r"), [(0, Decimal("1.900")), (Decimal("0.3"), Decimal("1.700"))])
def test_a_ghost_that_was_told_no_fees_does_not_make_a_round_trip_free(
    book: Book, connection: Connection, fees_r: Decimal, net_r: Decimal
) -> None:
    signal_id = book.signal(0.8, **PLAN)
    BatchWriter(connection).write([accepted("ghost_closed", closed(signal_id, rr_realized=2, fees_r=fees_r))])
    assert book.card().figures.net_r == net_r


def test_the_same_as_json(book: Book, runner: Runner) -> None:
    book.close(book.signal(0.8, **PLAN), 4)
    code, out, err = runner.run("reports", "scorecard", "--week", W03.name, "--json")
    assert code == 0, err
    (whole, *_) = json.loads(out)["targets"]
    assert (whole["tp1"]["hits"], whole["tp2"]["wanted"], whole["net"]["mean_r"]) == (1, 0.35, 3.9)
