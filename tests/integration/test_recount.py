"""Every figure again, by a short script that knows nothing of the product, from `signal_events` alone."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from deploy.demo.candles import BTC_JANUARY, read_minutes
from deploy.demo.engine import run
from reports.layers.stored import patterns
from reports.scorecard import compute
from reports.weeks import Week, whole_weeks
from sink.db import Connection
from sink.write.writer import BatchWriter
from tests.support import recount
from tests.support.book import W03, Book
from tests.support.entries import accepted


def events(connection: Connection) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in connection.execute("SELECT event, payload::text FROM signal_events")]


def check(connection: Connection, week: Week) -> None:
    """All bins, figures and layers of a week, to the last digit."""
    card = compute(connection, week)
    lives = recount.lives(events(connection), week.since, week.until)
    for found, counted in zip(card.bins, recount.bins(lives), strict=True):
        said = {**found._asdict(), "expectancy": found.expectancy.mean_r if found.expectancy else None}
        assert {name: said[name] for name in counted} == counted
    expectancy = card.figures.expectancy.mean_r if card.figures.expectancy else None
    said = {**card.figures._asdict(), "expectancy": expectancy}
    figures = recount.figures(lives)
    assert {name: said[name] for name in figures} == figures
    alone = [one for one in patterns(connection, week) if one.age == 0]
    wins, closed = sum(one.wins for one in alone), sum(one.closed for one in alone)
    for name, (matches, lift) in recount.lifts(lives).items():
        matching = [one for one in alone if one.layers.get(name)]
        assert sum(one.closed for one in matching) == matches
        found_lift = sum(one.wins for one in matching) / matches - wins / closed
        assert found_lift == pytest.approx(float(lift), abs=1e-12)


def test_on_every_week_of_the_demos_january(connection: Connection) -> None:
    minutes = read_minutes(BTC_JANUARY)
    entries = [
        accepted(f"signal_{one.kind}", {**one.fields, "ts": one.ts.isoformat()}, one.ts)
        for one in run(minutes)
    ]
    BatchWriter(connection).write(entries)
    weeks = whole_weeks(minutes[0].end, minutes[-1].end)
    assert len(weeks) == 4
    for week in weeks:
        check(connection, week)


@pytest.mark.parametrize("seed", range(5))
def test_on_weeks_of_every_kind_of_signal(book: Book, connection: Connection, seed: int) -> None:
    chance = random.Random(seed)
    says: list[Any] = [True, False, "match", "not_match", {"match": True, "weight": 0.2}]
    with book.at_once():
        for _ in range(120):
            layers = {
                name: chance.choice(says) for name in chance.sample(["smc", "trend", "volume", "news"], 3)
            }
            prices: dict[str, Any] = chance.choice(
                [{}, {"entry": 100, "sl": chance.choice([99.65, 98, 101.3])}]
            )
            signal_id = book.signal(
                Decimal(chance.randrange(101)) / 100,
                rr=Decimal(chance.choice(["1.9", "2", "0.7"])),
                layers=chance.choice([layers, {}]),
                setup=chance.choice(["a", "b"]),
                **prices,
            )
            become(book, signal_id, chance)
    check(connection, W03)


@pytest.mark.parametrize("seed", range(5))
def test_on_weeks_of_signals_that_ghosts_follow(book: Book, connection: Connection, seed: int) -> None:
    """Some of which their engine tells an end of, too, and some of nobody."""
    chance = random.Random(seed)
    with book.at_once():
        for _ in range(120):
            signal_id = book.signal(Decimal(chance.randrange(101)) / 100, setup="a", entry=100, sl=98)
            for by in chance.choice([("ghost",), ("ghost", "signal"), ("signal",)]):
                become(book, signal_id, chance, by=by)
    check(connection, W03)


def become(book: Book, signal_id: str, chance: random.Random, *, by: str = "signal") -> None:
    if chance.random() < 0.7:
        book.trigger(signal_id, chance.randrange(10**6), by=by)
    if chance.random() < 0.6:
        rr = (Decimal(chance.randrange(-400, 400)) / 300).quantize(Decimal("0.0001"))
        extra: dict[str, Any] = chance.choice([{}, {"rr_best": rr + 1}, {"fees_r": Decimal("0.13")}])
        book.close(signal_id, rr, by=by, **extra)
    if chance.random() < 0.3:
        book.invalidate(signal_id, chance.choice(["sl", "expiry", "hard_invalidate"]), by=by)
