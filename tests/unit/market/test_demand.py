"""Which symbols are followed, by what is overheard on the tape."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.demand import KEEP_US, MOST, Demand, Kept
from market.overheard import overhear
from tests.unit.market.world import at

SOL, BTC = "SOL-USDT-SWAP", "BTC-USDT-SWAP"
HOUR_S = KEEP_US / 1_000_000


def heard(demand: Demand, event: str, now_s: float = 0.0, /, **fields: Any) -> Demand:
    overhear(demand, event.encode(), msgspec.json.encode(fields), at(now_s), at(now_s))
    return demand


def when(seconds: float) -> float:
    """As milliseconds since 1970."""
    return at(seconds) / 1000


def test_a_signal_needs_its_symbol_until_it_expires_and_an_hour_after() -> None:
    demand = heard(Demand(), "signal_published", symbol=SOL, ts_published=when(0), expiry_minutes=30)
    assert demand.until_us(SOL) == at(1800 + HOUR_S)
    assert demand.wanted(at(1799 + HOUR_S)) == [SOL]
    assert demand.wanted(at(1800 + HOUR_S)) == []


def test_an_old_signal_needs_nothing() -> None:
    demand = heard(Demand(), "signal_published", 9e6, symbol=SOL, ts_published=when(0), expiry_minutes=30)
    assert demand.wanted(at(9e6)) == []


def test_symbols_of_settings_stay() -> None:
    demand = heard(Demand([BTC]), "signal_published", symbol=BTC, ts_published=when(0))
    assert demand.wanted(at(1e9)) == [BTC]
    assert demand.until_us(BTC) is None


def test_an_open_ghost_needs_its_symbol_for_as_long_as_it_is_open() -> None:
    demand = heard(Demand(), "order_log", source="ghost", symbol=SOL, orderId="7", status="open")
    assert demand.wanted(at(9e4)) == [SOL]
    assert demand.until_us(SOL) is None
    heard(demand, "order_log", 9e4, source="ghost", symbol=SOL, orderId="7", status="closed")
    assert demand.wanted(at(9e4 + HOUR_S - 1)) == [SOL]
    assert demand.wanted(at(9e4 + HOUR_S)) == []


@pytest.mark.parametrize("status", ["CLOSED", "EXPIRED", "CANCELED", "CANCELLED", "REJECTED"])
def test_every_end_of_a_ghost_is_one(status: str) -> None:
    demand = heard(Demand(), "order_log", source="ghost", symbol=SOL, orderId="7", status="NEW")
    for still in ("FILLED", "PARTIALLY_CLOSED", "CLOSING"):
        heard(demand, "order_log", source="ghost", symbol=SOL, orderId="7", status=still)
        assert demand.until_us(SOL) is None
    heard(demand, "order_log", source="ghost", symbol=SOL, orderId="7", status=status)
    assert demand.until_us(SOL) == at(HOUR_S)


def test_an_engines_own_order_needs_nothing() -> None:
    assert heard(Demand(), "order_log", symbol=SOL, orderId="7", status="open").wanted(at(0)) == []


def test_a_line_needs_its_symbol_until_it_rings() -> None:
    demand = heard(Demand(), "price_line", lineId="l", what="set", symbol=SOL)
    assert demand.wanted(at(9e4)) == [SOL]
    heard(demand, "price_line", 9e4, lineId="l", what="rung")
    assert demand.wanted(at(9e4 + HOUR_S)) == []


@pytest.mark.parametrize("command", ["place", "set_line"])
def test_a_command_needs_its_symbol_until_it_expires(command: str) -> None:
    demand = heard(Demand(), "order_command", command=command, symbol=SOL, expiresAt=when(600))
    assert demand.until_us(SOL) == at(600 + HOUR_S)


def test_the_next_process_knows_what_this_one_knew() -> None:
    demand = heard(Demand(), "order_log", source="ghost", symbol=SOL, orderId="7", status="open")
    heard(demand, "signal_published", symbol=BTC, ts_published=when(0), expiry_minutes=1)
    again = Demand()
    again.take_up(msgspec.json.decode(msgspec.json.encode(demand.kept()), type=Kept), at(0))
    for seconds in (0.0, HOUR_S, 9e4):
        assert again.wanted(at(seconds)) == demand.wanted(at(seconds))


def test_what_an_earlier_process_kept_is_believed_no_more_than_the_tape() -> None:
    again = Demand()
    again.take_up(Kept({SOL: at(9e9), BTC: at(-9e6), "XAU": at(0)}, {"order 1": "ETHUSDT"}), at(0))
    assert again.wanted(at(0)) == [SOL]
    assert again.wanted(at(40 * 86_400)) == []


def test_an_order_that_is_long_open_is_taken_up() -> None:
    again = Demand()
    again.take_up(Kept({SOL: at(-9e6)}, {"order 1": SOL}), at(0))
    assert again.wanted(at(9e6)) == [SOL]


@pytest.mark.parametrize("symbol", ["SOL-USDT", "XAUUSD", "", "x" * 500, "🤷"])
def test_what_is_no_swap_is_refused_in_words(symbol: str) -> None:
    demand = heard(Demand(), "signal_published", symbol=symbol, ts_published=when(0))
    assert demand.wanted(at(0)) == []
    assert demand.refused[symbol]


def test_nobody_makes_it_follow_everything() -> None:
    demand = Demand()
    for number in range(2 * MOST):
        heard(demand, "signal_published", symbol=f"A{number}USDT", ts_published=when(0))
    assert len(demand.wanted(at(0))) == MOST
    assert set(demand.refused.values()) == {f"{MOST} symbols are followed already"}


def test_nobody_makes_it_follow_something_for_ever() -> None:
    demand = heard(Demand(), "signal_published", symbol=SOL, ts_published=when(0), expiry_minutes=1e15)
    assert demand.wanted(at(40 * 86_400)) == []


json_values: st.SearchStrategy[Any] = st.none() | st.booleans() | st.floats() | st.text() | st.integers()
names = st.sampled_from(
    ("symbol", "expiry_minutes", "ts_published", "expiresAt", "command", "status", "source", "what")
)


@given(
    st.sampled_from(("signal_published", "order_command", "order_log", "price_line", "market_candle")),
    st.dictionaries(names, json_values),
)
def test_whatever_stands_on_the_tape_it_goes_on(event: str, fields: dict[str, Any]) -> None:
    demand = heard(Demand(), event, 0.0, **fields)
    demand.wanted(at(0))


@given(st.binary())
def test_what_is_no_json_says_nothing(data: bytes) -> None:
    overhear(Demand(), b"signal_published", data, at(0), at(0))


def test_what_is_followed_after_all_is_refused_no_more() -> None:
    demand = Demand()
    for number in range(MOST):
        heard(demand, "signal_published", symbol=f"A{number}USDT", ts_published=when(0))
    heard(demand, "signal_published", symbol=SOL, ts_published=when(0))
    assert SOL in demand.refused
    demand.wanted(at(HOUR_S))
    heard(demand, "signal_published", HOUR_S, symbol=SOL, ts_published=when(HOUR_S))
    assert demand.wanted(at(HOUR_S)) == [SOL]
    assert demand.refused == {}
