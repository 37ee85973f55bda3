"""Ticks made into bars of a second."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from market.bars import AHEAD_US, Bar, BarMaker
from market.exchanges.base import Tick
from market.units import SECOND_US
from tests.unit.market.world import BEGIN_US, OKX, SOL, at, quote, tick

D = Decimal


def made(*ticks: Tick, until_s: float = 60.0) -> list[Bar]:
    maker = BarMaker(OKX, SOL)
    for one in ticks:
        maker.take_tick(one)
    return maker.close(at(until_s))


def test_a_bar_is_what_was_traded_within_its_second() -> None:
    (bar,) = made(tick(3.1, "10.50", "2"), tick(3.5, "11"), tick(3.6, "9.75"), tick(3.999, "10.00", "0.5"))
    assert [bar.open, bar.high, bar.low, bar.close] == [D("10.50"), D(11), D("9.75"), D(10)]
    assert bar.volume == D("4.5")
    assert (bar.begin_us, bar.end_us) == (at(3), at(4))
    assert (bar.exchange_us, bar.received_us) == (at(3.999), at(4.049))
    assert str(bar.close) == "10.00"


def test_what_comes_out_of_order_is_put_in_order() -> None:
    (bar,) = made(tick(3.5, "11"), tick(3.9, "12"), tick(3.1, "10"))
    assert (bar.open, bar.close) == (D(10), D(12))


def test_trades_of_one_moment_keep_the_order_of_coming() -> None:
    (bar,) = made(tick(3.5, "11"), tick(3.5, "12"))
    assert (bar.open, bar.close) == (D(11), D(12))


def test_a_trade_that_comes_twice_counts_once() -> None:
    maker = BarMaker(OKX, SOL)
    taken = [maker.take_tick(tick(3.1, trade=name)) for name in ("1", "2", "1", "2", "3")]
    assert taken == [True, True, False, False, True]
    assert maker.counts.twice == 2
    assert maker.close(at(4))[0].volume == 3


def test_ids_are_forgotten_after_some_thousands() -> None:
    maker = BarMaker(OKX, SOL)
    for n in range(10_000):
        maker.take_tick(tick(3.1, trade=str(n)))
    assert len(maker._ids) < 5_000


def test_a_closed_bar_stays_as_it_is() -> None:
    maker = BarMaker(OKX, SOL)
    maker.take_tick(tick(3.1))
    assert len(maker.close(at(4.2))) == 1
    assert not maker.take_tick(tick(3.9, "999"))
    assert maker.counts.late == 1
    assert maker.close(at(10)) == []


def test_a_second_that_is_not_over_is_not_closed() -> None:
    maker = BarMaker(OKX, SOL)
    maker.take_tick(tick(3.1))
    assert maker.close(at(3.999)) == []
    assert maker.take_tick(tick(3.2))
    assert [bar.volume for bar in maker.close(at(4))] == [2]


def test_a_time_far_ahead_is_of_no_use() -> None:
    maker = BarMaker(OKX, SOL)
    assert not maker.take_tick(tick(100.0, late_s=-AHEAD_US / SECOND_US - 0.1))
    assert maker.counts.ahead == 1


def test_a_bar_carries_the_last_quote_before_its_end_if_that_is_fresh() -> None:
    maker = BarMaker(OKX, SOL)
    maker.take_quote(quote(2.0, "1", "2"))
    maker.take_quote(quote(4.5, "5", "6"))
    for seconds in (3.1, 4.1, 9.1, 10.1):
        maker.take_tick(tick(seconds))
    bids = [bar.quote.bid if bar.quote else None for bar in maker.close(at(20))]
    assert bids == [1, 5, None, None]


def test_a_quote_that_was_overtaken_is_passed_over() -> None:
    maker = BarMaker(OKX, SOL)
    for one in (quote(2.5, "5", "6"), quote(2.4, "1", "2")):
        maker.take_quote(one)
    assert maker.quote is not None
    assert maker.quote.bid == 5


ticks = st.lists(
    st.builds(
        lambda ms, price, qty: tick(ms / 1000, str(price), str(qty)),
        st.integers(0, 5_000),
        st.decimals("0.01", "1000", places=4),
        st.decimals("0.001", "50", places=3),
    ),
    max_size=40,
)


@given(ticks, st.lists(st.integers(0, 6_000), max_size=5))
def test_whenever_it_is_closed_every_trade_is_in_one_bar_or_late(
    ticks: list[Tick], closings: list[int]
) -> None:
    maker = BarMaker(OKX, SOL)
    bars: list[Bar] = []
    for number, one in enumerate(ticks):
        maker.take_tick(one)
        if number < len(closings):
            bars += maker.close(at(closings[number] / 1000))
    bars += maker.close(at(60))
    begins = [bar.begin_us for bar in bars]
    assert begins == sorted(set(begins))
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)
    if not maker.counts.late:
        assert sum(bar.volume for bar in bars) == sum(one.qty for one in ticks)
        for bar in bars:
            own = [one.price for one in ticks if bar.begin_us <= one.exchange_us < bar.end_us]
            assert (bar.low, bar.high) == (min(own), max(own))
            assert bar.begin_us >= BEGIN_US
