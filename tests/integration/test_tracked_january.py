"""January's plans tracked by ghosts alone come to the engine's own scorecard, but for what the docs name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import NAMESPACE_DNS, uuid5

import pytest

from deploy.demo.candles import BTC_JANUARY, Candle, read_minutes
from deploy.demo.engine import Recorded, run
from reports.chosen import Chosen
from reports.scorecard import Scorecard, compute
from reports.weeks import parse_week
from signaltape import Settings
from sink.db import Connection, rows_as_dicts
from sink.write.writer import BatchWriter
from tests.support.entries import accepted
from tests.support.ghosting import Ghost, Tape, told

pytestmark = pytest.mark.deep

OWN, TRACKED = "BTC-PERP", "BTC-TRACKED"
WEEK = parse_week("2022-W01")
_DAYS = 9
#: What the engine decides on its own account, beyond the plan that it published.
OWN_JUDGEMENT = ("other", "time", "hard_invalidate")
_PAIRS = b"""
    SELECT a.signal_id::text AS own, b.signal_id::text AS tracked, a.closed, a.rr_realized, a.exit_reason, a.reason,
           a.stopped, a.open, b.outcome_from, b.closed AS g_closed, b.rr_realized AS g_rr, b.exit_reason AS g_exit,
           b.reason AS g_reason, b.open AS g_open
    FROM signal_outcomes a JOIN signal_outcomes b USING (ts_published, side)
    WHERE a.symbol = 'BTC-PERP' AND b.symbol = 'BTC-TRACKED'
"""


class January(NamedTuple):
    connection: Connection
    pairs: list[dict[str, Any]]


@pytest.fixture
def january(redis_client: Any, settings: Settings, connection: Connection) -> January:
    """The engine's own events as one symbol, as another its plans alone and the market, followed by a ghost."""
    candles = read_minutes(BTC_JANUARY)[: _DAYS * 1440]
    recorded = run(candles)
    writer = BatchWriter(connection)
    writer.write([accepted(f"signal_{one.kind}", _fields(one)) for one in recorded])
    plans = [one for one in recorded if one.kind == "published"]
    writer.write([accepted("signal_published", _tracked(one)) for one in plans])
    _play(Tape(redis_client, settings.stream), candles, plans)
    Ghost(settings, connection, which="off").run()
    for name in ("ghost_triggered", "ghost_invalidated", "ghost_closed"):
        writer.write([accepted(name, one) for one in told(redis_client, settings, name)])
    return January(connection, rows_as_dicts(connection, _PAIRS))


def _play(tape: Tape, candles: Sequence[Candle], plans: Sequence[Recorded]) -> None:
    waiting = list(reversed(plans))
    for candle in candles:
        fields = {**candle._asdict(), "symbol": TRACKED, "interval": "1m", "timestamp": candle.end}
        tape.put("market_candle", {**fields, "id": str(uuid5(NAMESPACE_DNS, str(candle.end)))}, TRACKED)
        while waiting and waiting[-1].ts <= candle.end:
            plan = _tracked(waiting.pop())
            tape.put("signal_published", plan, plan["signal_id"])


def _fields(one: Recorded) -> dict[str, Any]:
    times = {"published": "ts_published", "triggered": "ts_triggered", "closed": "ts_closed"}
    return {**one.fields, times.get(one.kind, "ts_invalidated"): one.ts}


def _tracked(one: Recorded) -> dict[str, Any]:
    own = str(uuid5(NAMESPACE_DNS, one.fields["signal_id"]))
    return {**_fields(one), "signal_id": own, "symbol": TRACKED, "track": True}


def by_own_judgement(pair: dict[str, Any]) -> bool:
    return pair["exit_reason"] in OWN_JUDGEMENT or pair["reason"] in OWN_JUDGEMENT


def test_every_outcome_is_the_engines_but_for_what_the_docs_name(january: January) -> None:
    by_the_plan = [one for one in january.pairs if not by_own_judgement(one)]
    assert len(by_the_plan) > 140
    assert len(by_the_plan) > 0.5 * len(january.pairs)
    for one in by_the_plan:
        if one["closed"]:  # the engine rounds to 4 digits
            assert (one["g_exit"], round(one["g_rr"], 4)) == (
                one["exit_reason"],
                round(one["rr_realized"], 4),
            )
        elif one["stopped"]:  # in the bar of its entry: the engine calls that no position
            assert (one["g_exit"], one["g_rr"]) == ("sl", Decimal(-1))
        else:
            assert (one["g_reason"], one["g_open"]) == (one["reason"], one["open"])


def test_what_the_engine_ended_by_its_own_judgement_is_followed_to_the_plans_own_end(
    january: January,
) -> None:
    judged = [one for one in january.pairs if by_own_judgement(one)]
    assert judged
    for one in judged:
        assert one["g_exit"] in ("tp", "sl", None)
        assert one["g_reason"] in ("expiry", None)
        assert one["outcome_from"] == ("ghost" if not one["g_open"] else None)


def test_the_scorecard_of_the_rest_is_the_same(january: January) -> None:
    apart = [one[name] for one in january.pairs if by_own_judgement(one) for name in ("own", "tracked")]
    january.connection.execute("DELETE FROM signals WHERE signal_id::text = ANY(%s)", (apart,))
    own, tracked = (compute(january.connection, WEEK, chosen=Chosen(symbol=one)) for one in (OWN, TRACKED))
    assert _bins(own) == _bins(tracked)
    assert own.monotonic_ok == tracked.monotonic_ok
    assert (tracked.figures.by_engine, tracked.figures.by_ghost > 80) == (0, True)
    assert own.figures.trigger_rate == tracked.figures.trigger_rate
    assert own.figures.median_to_trigger_ms == tracked.figures.median_to_trigger_ms


def _bins(card: Scorecard) -> list[tuple[object, ...]]:
    """What a closure at -1 R and a stop without one have in common: both are lost."""
    return [
        (
            one.label,
            one.published,
            one.n + one.sl,
            one.wins,
            one.open,
            one.winrate_all,
            _won(one.sum_r, one.n),
        )
        for one in card.bins
    ]


def _won(sum_r: Decimal | None, n: int) -> Decimal:
    """R above losing each: that of the stops without a closure is 0."""
    return round((sum_r or Decimal(0)) + n, 2)


def test_a_week_is_whole() -> None:
    """The days that are played hold all of it, and the trades of its last hours."""
    candles = read_minutes(BTC_JANUARY)[: _DAYS * 1440]
    assert candles[0].end <= WEEK.since
    assert candles[-1].end >= WEEK.until - timedelta(minutes=1)
