"""The demo engine: deterministic, without hindsight, and honest about ties."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from deploy.demo.candles import BTC_JANUARY, Candle, read_minutes, resample
from deploy.demo.engine import Recorded, run
from deploy.demo.indicators import atr, ema, rsi
from deploy.demo.layers import WEIGHTS
from deploy.demo.trade import Happening, Plan, walk

START = datetime(2022, 1, 17, 0, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LONG = Plan("long", START, 100.0, 99.0, 101.8, 1.8, 30 * MINUTE, 60 * MINUTE)
SHORT = Plan("short", START, 100.0, 101.0, 98.2, 1.8, 30 * MINUTE, 60 * MINUTE)


def candles(*bars: tuple[float, float, float, float]) -> list[Candle]:
    return [Candle(START + (number + 1) * MINUTE, *bar, 1.0) for number, bar in enumerate(bars)]


def never(_at: datetime) -> bool:
    return False


def kinds(
    plan: Plan,
    *bars: tuple[float, float, float, float],
    turned: Callable[[datetime], bool] = never,
) -> list[Happening]:
    return walk(plan, candles(*bars), turned)


FILL = (100.5, 100.6, 99.9, 100.2)
QUIET = (100.2, 100.4, 100.1, 100.3)


def test_target_after_fill() -> None:
    opened, closed = kinds(LONG, QUIET, FILL, (100.2, 102.0, 100.1, 101.9))
    assert opened.fields == {"entry_fill": 100.0, "time_to_trigger_ms": 120_000}
    assert closed.fields == {"rr_realized": 1.8, "time_in_trade_ms": 60_000, "exit_reason": "tp"}


def test_a_short_is_the_mirror_image() -> None:
    opened, closed = kinds(SHORT, (99.5, 100.1, 99.4, 99.8), (99.8, 99.9, 98.0, 98.1))
    assert opened.fields["entry_fill"] == 100.0
    assert (closed.fields["exit_reason"], closed.fields["rr_realized"]) == ("tp", 1.8)


def test_a_candle_that_touches_both_counts_as_stopped_and_says_what_the_target_would_have_given() -> None:
    _, closed = kinds(LONG, FILL, (100.2, 102.0, 98.5, 101.0))
    assert closed.fields == {
        "rr_realized": -1.0,
        "rr_best": 1.8,
        "time_in_trade_ms": 60_000,
        "exit_reason": "sl",
    }


def test_a_gap_through_the_stop_costs_more_than_one_r() -> None:
    _, closed = kinds(LONG, FILL, (98.0, 98.5, 97.5, 98.2))
    assert closed.fields["rr_realized"] == -2.0


def test_fill_and_stop_in_one_candle_is_a_stop_loss_without_a_closure() -> None:
    opened, ended = kinds(LONG, (100.5, 102.5, 98.9, 99.5))
    assert opened.kind == "triggered"
    assert (ended.kind, ended.fields) == ("invalidated", {"reason": "sl"})


def test_no_fill_until_the_expiry() -> None:
    (ended,) = kinds(LONG, *[QUIET] * 40)
    assert (ended.fields, ended.ts) == ({"reason": "expiry"}, START + 30 * MINUTE)


def test_the_target_reached_without_us_is_a_hard_invalidation() -> None:
    (ended,) = kinds(LONG, (100.5, 102.0, 100.4, 101.9))
    assert ended.fields == {"reason": "hard_invalidate"}


def test_the_trend_turning_ends_a_wait_and_a_trade() -> None:
    (ended,) = kinds(LONG, QUIET, turned=lambda _: True)
    assert ended.fields == {"reason": "hard_invalidate"}
    _, closed = kinds(LONG, FILL, (100.2, 100.6, 100.0, 100.5), turned=lambda at: at > START + MINUTE)
    assert (closed.fields["exit_reason"], closed.fields["rr_realized"]) == ("other", 0.5)


def test_a_trade_is_closed_at_its_time_limit() -> None:
    _, closed = kinds(LONG, FILL, *[QUIET] * 70)
    assert (closed.fields["exit_reason"], closed.fields["time_in_trade_ms"]) == ("time", 3_600_000)


def test_what_the_candles_do_not_decide_stays_open() -> None:
    assert kinds(LONG, QUIET) == []
    assert [one.kind for one in kinds(LONG, FILL, QUIET)] == ["triggered"]


@pytest.fixture(scope="module")
def minutes() -> list[Candle]:
    return read_minutes(BTC_JANUARY)


def test_bars_are_aligned_to_the_clock(minutes: list[Candle]) -> None:
    bars = resample(minutes, 15)
    assert all(bar.end.minute % 15 == 0 for bar in bars)
    assert len({bar.end for bar in bars}) == len(bars)


def test_indicators_on_a_series_that_can_be_checked_by_hand() -> None:
    assert ema([1, 2, 3, 4], 3) == [None, None, 2, 3]
    flat = candles(*[(10, 11, 9, 10)] * 5)
    assert atr(flat, 3) == [None, None, 2, 2, 2]
    rising = candles(*[(n, n + 1, n, n + 1) for n in range(5)])
    assert rsi(rising, 3)[-1] == 100


@pytest.fixture(scope="module")
def january(minutes: list[Candle]) -> list[Recorded]:
    return run(minutes)


def test_january_has_all_that_a_scorecard_needs(january: list[Recorded]) -> None:
    count = Counter(one.kind for one in january)
    assert count["published"] >= 400
    assert set(count) == {"published", "triggered", "invalidated", "closed"}
    reasons = {one.fields["reason"] for one in january if one.kind == "invalidated"}
    assert reasons == {"sl", "hard_invalidate", "expiry"}
    exits = {one.fields["exit_reason"] for one in january if one.kind == "closed"}
    assert len(exits) >= 4
    assert sum(WEIGHTS.values()) == 1
    assert len(WEIGHTS) >= 5


def test_the_same_candles_give_the_same_events(january: list[Recorded]) -> None:
    assert run(read_minutes(BTC_JANUARY)) == january


def test_nothing_looks_ahead(minutes: list[Candle], january: list[Recorded]) -> None:
    """With the second half of the month cut off, everything up to the cut is the same."""
    cut = minutes[len(minutes) // 2].end
    first_half = run([candle for candle in minutes if candle.end <= cut])
    assert first_half == [one for one in january if one.ts <= cut]
