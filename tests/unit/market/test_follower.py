"""One symbol at several providers: who tells it, in which order, and what is missing."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from market.said import Candle
from market.sources import LineState
from market.units import MINUTE_US, SECOND_US
from signaltape.quality import OK, Verdict
from tests.unit.market.world import BEGIN_US, BYBIT, OKX, World, at, row, second, tick


def test_the_first_of_the_order_tells_every_second_it_saw_as_a_whole() -> None:
    world = World(OKX, BYBIT)
    world.run(10.3)
    assert [(one.provider, second(one)) for one in world.candles()] == [(OKX, float(n)) for n in range(1, 10)]
    assert {one.verdict.data_quality for one in world.candles()} == {"ok"}
    assert world.moves() == [(None, OKX)]


def test_a_second_without_a_trade_is_not_told() -> None:
    world = World(OKX)
    world.run(5.0)
    world.trading.clear()
    world.run(10.0)
    assert [second(one) for one in world.candles()] == [1.0, 2.0, 3.0, 4.0]


def test_when_the_connection_breaks_the_next_tells_on_without_a_second_missing() -> None:
    world = World(OKX, BYBIT)
    world.run(10.55)
    world.break_off(OKX)
    world.run(16.3)
    seconds = world.candles()
    assert [second(one) for one in seconds] == [float(n) for n in range(1, 16)]
    assert [one.provider for one in seconds] == [OKX] * 9 + [BYBIT] * 6
    assert seconds[-1].verdict.data_quality == "degraded"
    assert seconds[-1].verdict.reasons == ("okx is not connected",)


def test_silence_is_noticed_within_3_seconds_and_what_was_silent_is_told_by_the_next() -> None:
    world = World(OKX, BYBIT)
    world.run(10.0)
    del world.trading[OKX]
    world.run(20.3)
    first = next((when, one) for when, one in world.told if isinstance(one, Candle) and one.provider == BYBIT)
    assert first[0] <= 13.0
    assert first[1].verdict.reasons == ("okx is silent",)
    assert [second(one) for one in world.candles()] == [float(n) for n in range(1, 20)]


def test_a_market_that_is_quiet_everywhere_is_no_gap() -> None:
    world = World(OKX, BYBIT)
    world.run(5.0)
    trading, world.trading = world.trading, {}
    world.run(100.0)
    world.trading = trading
    world.run(130.0)
    assert world.moves() == [(None, OKX)]
    assert all(one.verdict == OK for one in [*world.candles(), *world.candles("1m")])


def test_a_provider_that_is_back_has_to_be_well_for_a_while() -> None:
    world = World(OKX, BYBIT)
    world.run(10.0)
    world.break_off(OKX)
    world.run(12.0)
    world.connect(OKX)
    world.run(21.9)
    assert world.follower.choice.provider == BYBIT
    assert world.follower.choice.reasons == ("okx was not well a moment ago",)
    world.run(30.3)
    assert world.moves() == [(None, OKX), (OKX, BYBIT), (BYBIT, OKX)]
    assert [second(one) for one in world.candles()] == [float(n) for n in range(1, 30)]
    assert world.candles()[-1].verdict.data_quality == "ok"


def test_one_that_is_slow_is_left_for_one_that_is_well_and_used_where_none_is() -> None:
    world = World(OKX, BYBIT)
    world.run(5.0)
    world.lines[OKX] = LineState(slow="is slow (p95 820 ms)")
    world.run(10.0)
    assert world.follower.choice == (BYBIT, ("okx is slow (p95 820 ms)",))
    world.lines[BYBIT] = LineState(slow="is slow (p95 900 ms)")
    world.run(12.3)
    assert world.candles()[-1].provider == BYBIT
    assert world.candles()[-1].verdict.reasons == ("okx is slow (p95 820 ms)", "bybit is slow (p95 900 ms)")


def test_without_any_provider_the_last_good_price_is_told_as_bad_for_30_seconds() -> None:
    world = World(OKX)
    world.run(10.0)
    world.break_off(OKX)
    world.run(60.0)
    told = [one for one in world.candles() if one.verdict.data_quality == "bad"]
    assert [second(one) for one in told] == [float(n) for n in range(9, 39)]
    assert {price for one in told for price in (one.open, one.high, one.low, one.close)} == {Decimal(100)}
    assert {one.volume for one in told} == {Decimal(0)}
    assert told[0].verdict.reasons == ("last good price of okx, 1 s old", "okx is not connected")


def test_a_gap_within_a_minute_is_said_of_its_candle() -> None:
    world = World(OKX)
    world.run(10.0)
    world.break_off(OKX)
    world.run(14.0)
    world.connect(OKX)
    world.run(70.0)
    (candle,) = world.candles("1m")
    assert candle.verdict == Verdict("degraded", ("gap of 6.0 s",))
    good = [second(one) for one in world.candles() if one.verdict.data_quality != "bad"]
    assert good[:10] == [*map(float, range(1, 9)), 15.0, 16.0]


def test_the_minutes_of_a_long_gap_come_before_the_seconds_behind_it() -> None:
    world = World(OKX)
    world.run(30.0)
    world.break_off(OKX)
    world.run(30.0 + 3600.0)
    world.connect(OKX)
    world.run(3640.0)
    minutes = world.candles("1m")
    assert [one.begin_us for one in minutes] == [BEGIN_US + n * MINUTE_US for n in range(60)]
    assert {one.verdict.data_quality for one in minutes} == {"degraded"}
    assert minutes[0].verdict.reasons[0].startswith("gap of 1 h")
    assert [(one.since_us, one.until_us) for one in world.wants()] == [(BEGIN_US, BEGIN_US + 60 * MINUTE_US)]
    told = [one for _, one in world.told if isinstance(one, Candle)]
    good = [one.verdict.data_quality != "bad" and one.interval == "1s" and second(one) > 60 for one in told]
    assert good.index(True) > told.index(minutes[-1])


def test_all_minutes_of_a_gap_come_from_the_next_provider_if_the_first_has_none() -> None:
    world = World(OKX, BYBIT, told_until_us=at(-3590), minutes_us=at(-3600))
    world.answering = {BYBIT}
    world.run(9.3)
    minutes = world.candles("1m")
    assert [one.begin_us for one in minutes] == [at(-3600 + 60 * n) for n in range(60)]
    assert {one.provider for one in minutes} == {BYBIT}
    told = [one.interval for _, one in world.told if isinstance(one, Candle)]
    assert told == ["1m"] * 60 + ["1s"] * 8


def test_the_seconds_do_not_wait_for_ever_for_minutes_that_nobody_has() -> None:
    world = World(OKX)
    world.answering.clear()
    world.run(30.0)
    world.break_off(OKX)
    world.run(200.0)
    world.connect(OKX)
    world.run(205.0)
    assert second(world.candles()[-1]) < 100
    world.run(211.5)
    assert second(world.candles()[-1]) == 210.0
    world.run(265.0)
    assert world.follower.minutes.given_up == 3
    assert world.candles("1m") == []


def test_a_new_process_fills_what_was_missed_since_the_last_one() -> None:
    world = World(OKX, told_until_us=at(-130), minutes_us=at(-180))
    world.run(3.3)
    assert [one.begin_us for one in world.candles("1m")] == [at(-180), at(-120), at(-60)]
    assert [second(one) for one in world.candles()] == [1.0, 2.0]
    assert all(one.verdict.reasons == ("gap of 2 min 11 s",) for one in world.candles("1m"))


def test_a_candle_is_of_who_told_its_seconds_and_comes_behind_them() -> None:
    world = World(OKX, BYBIT)
    world.run(60.0)
    for name in (BYBIT, OKX):
        world.follower.take(name, row(0, "100" if name == OKX else "99.5"))
    world.run(62.0)
    (candle,) = world.candles("1m")
    assert (candle.provider, candle.close, candle.verdict) == (OKX, Decimal(100), OK)
    assert world.wants() == []
    told = [(one.interval, second(one)) for _, one in world.told if isinstance(one, Candle)]
    assert told.index(("1s", 59.0)) < told.index(("1m", 0.0))


def test_a_candle_that_the_stream_does_not_bring_is_asked_for() -> None:
    world = World(OKX)
    world.run(64.0)
    assert [one.provider for one in world.wants()] == [OKX]
    assert [one.provider for one in world.candles("1m")] == [OKX]


def test_a_candle_of_another_provider_than_its_seconds_says_so() -> None:
    world = World(OKX, BYBIT)
    world.answering = {BYBIT}
    world.run(75.0)
    (candle,) = world.candles("1m")
    assert candle.provider == BYBIT
    assert candle.verdict == Verdict("degraded", ("candle of bybit, seconds of okx",))


def test_a_price_off_what_the_others_say_is_flagged() -> None:
    world = World(OKX, BYBIT, "binance")
    world.trading[OKX] = "103"
    world.run(5.3)
    found = world.candles()[0].verdict
    assert found.data_quality == "bad"
    assert found.reasons == ("price 103 is 3.0% off 100, the median of 3 providers",)


def test_after_three_bad_seconds_another_is_preferred_for_a_minute() -> None:
    world = World(OKX, BYBIT, "binance")
    world.trading[OKX] = "103"
    world.run(10.3)
    told = [(one.provider, one.verdict.data_quality) for one in world.candles()]
    assert told == [(OKX, "bad")] * 3 + [(BYBIT, "degraded")] * 6
    assert world.candles()[-1].verdict.reasons[0].startswith("okx was bad (price 103 is 3.0% off")
    world.trading[OKX] = "100"
    world.run(90.0)
    assert world.follower.choice.provider == OKX


def test_what_comes_late_changes_no_told_second() -> None:
    world = World(OKX)
    world.run(5.0)
    world.follower.take(OKX, tick(2.5, "1"))
    world.run(8.0)
    assert {one.low for one in world.candles()} == {100}
    assert world.follower.sources[OKX].maker.counts.late == 1


def test_seconds_are_told_in_order_and_once() -> None:
    world = World(OKX, BYBIT)
    for n in range(1, 12):
        world.run(n * 7.0)
        (world.break_off if n % 2 else world.connect)(OKX if n % 3 else BYBIT)
    begins = [one.begin_us for one in world.candles()]
    assert all(later >= before + SECOND_US for before, later in pairwise(begins))
