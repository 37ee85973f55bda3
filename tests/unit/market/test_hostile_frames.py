"""Whatever a stranger sends: a message in its form, or a refusal that the stream survives."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.exchanges.base import CandleRow, Quote, Tick
from market.exchanges.errors import StreamEnded
from market.exchanges.line import _ODD
from tests.unit.market.reading import READERS, RECEIVED_US

pytestmark = pytest.mark.deep

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just("1"))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner)
)
NAMES = st.sampled_from(["BTC-USDT-SWAP", "BTCUSDT", "x"])
FRAMES = st.one_of(
    st.builds(
        lambda channel, name, data: {"arg": {"channel": channel, "instId": name}, "data": data},
        st.sampled_from(["trades", "books5", "candle1m", "funding-rate", "open-interest"]),
        NAMES,
        st.one_of(
            VALUES, st.lists(st.dictionaries(st.sampled_from(["px", "sz", "ts", "asks", "bids"]), VALUES))
        ),
    ),
    st.builds(
        lambda topic, kind, at, data: {"topic": topic, "type": kind, "ts": at, "data": data},
        st.sampled_from(["publicTrade.BTCUSDT", "orderbook.1.BTCUSDT", "tickers.BTCUSDT", "kline.1.BTCUSDT"]),
        st.sampled_from(["snapshot", "delta", "", "x"]),
        SCALARS,
        st.one_of(
            VALUES, st.dictionaries(st.sampled_from(["b", "a", "fundingRate", "openInterest"]), VALUES)
        ),
    ),
    st.dictionaries(st.sampled_from([*"esapqTtbrEk", "event", "code", "op", "success", "id"]), VALUES),
    VALUES,
)
TEXTS = st.one_of(st.text(), FRAMES.map(json.dumps), st.binary().map(lambda raw: raw.decode("latin-1")))


def messages(provider: str, text: str) -> tuple[Any, ...]:
    """What is read; nothing of what is refused. Anything else that is raised would end the process."""
    try:
        found = tuple(READERS[provider]()(text, RECEIVED_US))
    except (*_ODD, StreamEnded):
        return ()
    assert all(is_sane(message) for message in found)
    return found


def is_sane(message: Any) -> bool:
    """Of a swap that was asked for, and without a number that is none in anything that gets into a bar."""
    numbers = [each for each in message if isinstance(each, Decimal)]
    gets_in = isinstance(message, Tick | Quote | CandleRow)
    return (
        message.symbol == "BTC-USDT-SWAP"
        and message.received_us == RECEIVED_US
        and 0 < message.exchange_us < 2**63
        and (not gets_in or all(number.is_finite() and number >= 0 for number in numbers))
    )


@pytest.mark.parametrize("provider", READERS)
@given(text=TEXTS)
def test_no_frame_does_more_than_be_read_or_refused(provider: str, text: str) -> None:
    messages(provider, text)


@pytest.mark.parametrize("provider", READERS)
@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"data":' + "[" * 50_000 + "]" * 50_000 + "}", "\ud800", "9" * 100_000, ""]
)
def test_bombs_are_refused(provider: str, text: str) -> None:
    assert messages(provider, text) == ()
