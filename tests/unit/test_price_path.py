"""How far a trade went, against figures that were reckoned by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.market import PricePath
from web.path_chart import Level, Moment, candle_table, path_chart
from web.price_path import (
    MOST_CANDLES,
    Candle,
    Extreme,
    Reach,
    Trade,
    excursions,
    finest,
    seconds_of,
    step_of,
    uncovered,
)

FILLED = datetime(2022, 1, 18, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def candle(minute: float, high: str, low: str, length: float = 1) -> Candle:
    """A candle that begins so many minutes behind the fill."""
    start, middle = FILLED + minute * MINUTE, (Decimal(high) + Decimal(low)) / 2
    return Candle(start, start + length * MINUTE, middle, Decimal(high), Decimal(low), middle)


def trade(side: str = "long", fill: str = "100", stop: str = "98", minutes: float = 3) -> Trade:
    return Trade(side, Decimal(fill), Decimal(stop), FILLED, FILLED + minutes * MINUTE)


def sure(r: str, price: str, minute: float | None) -> Reach:
    return Reach(
        Extreme(Decimal(r), Decimal(price), None if minute is None else FILLED + minute * MINUTE), None
    )


def test_a_long_trade_by_hand() -> None:
    """Filled at 100, stop 98: 1 R is 2. Highest 103 (+1.5 R) in the second minute, lowest 99 (−0.5 R) in the first."""
    candles = [candle(0, "101", "99"), candle(1, "103", "100.5"), candle(2, "102.9", "101")]
    assert excursions(trade(), candles) == (sure("1.5", "103", 2), sure("-0.5", "99", 1))


def test_a_short_trade_by_hand() -> None:
    """Filled at 100, stop 104: 1 R is 4. Lowest 97 is +0.75 R, highest 101 is −0.25 R."""
    candles = [candle(0, "101", "99"), candle(1, "100", "97"), candle(2, "99", "98")]
    assert excursions(trade("short", stop="104"), candles) == (sure("0.75", "97", 2), sure("-0.25", "101", 1))


def test_a_trade_that_only_lost_never_went_for_it() -> None:
    found = excursions(trade(), [candle(0, "99.5", "98"), candle(1, "99", "98.5"), candle(2, "98.9", "98.2")])
    assert found == (sure("0", "100", None), sure("-1", "98", 1))


def test_what_a_candle_at_the_edge_met_may_have_been_before_the_fill_or_behind_the_end() -> None:
    """The candle of the fill reached 104 (+2 R), the one of the end 97 (−1.5 R): neither is surely of the trade."""
    candles = [candle(-0.5, "104", "99.8"), candle(0.5, "101", "99"), candle(2.5, "100", "97")]
    found = excursions(trade(), candles)
    assert found is not None
    assert [found.mfe.sure.r, found.mae.sure.r] == [Decimal("0.5"), Decimal("-0.5")]
    assert found.mfe.most is not None
    assert found.mae.most is not None
    assert [found.mfe.most.r, found.mae.most.r] == [Decimal(2), Decimal("-1.5")]


def test_candles_before_and_behind_a_trade_say_nothing_of_it() -> None:
    assert excursions(trade(), [candle(-2, "200", "1"), candle(3, "200", "1")]) is None
    found = excursions(trade(), [candle(-1, "200", "1"), candle(1, "101", "99"), candle(3, "200", "1")])
    assert found == (sure("0.5", "101", 2), sure("-0.5", "99", 2))


def test_what_no_candle_tells_of_is_said() -> None:
    some = [candle(-0.5, "101", "99"), candle(1, "101", "99"), candle(9, "101", "99")]
    assert uncovered(trade(minutes=10), some) == 7.5 * MINUTE
    assert uncovered(trade(minutes=1), [candle(-1, "1", "1", length=9)]) == timedelta(0)


def test_without_a_distance_to_the_stop_there_is_no_r() -> None:
    assert excursions(trade(stop="100"), [candle(0, "101", "99")]) is None


@pytest.mark.parametrize("price", ["1E-300", "999999999999999", "0.00000012345678901234567890123456789"])
def test_odd_prices_are_drawn_and_stay_short(price: str) -> None:
    at = candle(1, price, price)
    path = PricePath(FILLED, FILLED + 9 * MINUTE, [at], "1m", 60, [], None, None)
    drawn = path_chart(path, [Level("stop", Decimal(price))], [Moment("published", FILLED)])
    assert "nan" not in drawn
    assert len(drawn + candle_table(path)) < 5_000


prices = st.decimals("1", "1000", places=2)


@given(
    prices,
    prices,
    st.lists(st.tuples(st.integers(-3, 6), prices, prices), max_size=9),
    st.sampled_from(["long", "short"]),
)
def test_the_sure_end_is_never_beyond_the_other(
    fill: Decimal, stop: Decimal, some: list[tuple[int, Decimal, Decimal]], side: str
) -> None:
    candles = [candle(at / 2, str(max(a, b)), str(min(a, b))) for at, a, b in some]
    found = excursions(Trade(side, fill, stop, FILLED, FILLED + 2 * MINUTE), candles)
    if found is not None:
        assert found.mae.sure.r <= 0 <= found.mfe.sure.r
        assert found.mfe.most is None or found.mfe.most.r > found.mfe.sure.r
        assert found.mae.most is None or found.mae.most.r < found.mae.sure.r


@pytest.mark.parametrize(
    ("interval", "seconds"),
    [
        ("1m", 60),
        ("15min", 900),
        ("4h", 14_400),
        ("1s", 1),
        ("1d", 86_400),
        ("tick", None),
        ("0m", None),
        (None, None),
    ],
)
def test_the_name_of_an_interval_says_its_length(interval: str | None, seconds: int | None) -> None:
    assert seconds_of(interval) == seconds


def test_the_finest_interval_is_taken() -> None:
    assert finest(["1h", "odd", "5m", "15m", None]) == "5m"
    assert finest(["odd", None]) is None


@given(st.floats(1, 31 * 86_400))
def test_no_more_candles_are_drawn_than_a_picture_has_room_for(span_s: float) -> None:
    assert span_s / step_of(timedelta(seconds=span_s)) <= MOST_CANDLES
