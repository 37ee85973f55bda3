"""Frames that are right but for one thing in them: each is read, or refused, whatever that thing is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.exchanges.binance import BinanceWire
from tests.exchanges.bybit import BybitWire
from tests.exchanges.market import Book, Candle, Event, Funding, Interest, Trade
from tests.exchanges.okx import OkxWire
from tests.exchanges.wire import Client, Wire
from tests.unit.market.reading import READERS, RECEIVED_US
from tests.unit.market.test_hostile_frames import messages

WIRES: dict[str, Wire] = {"okx": OkxWire(), "bybit": BybitWire(), "binance": BinanceWire()}
AT_MS = 1_700_000_000_000
EVENTS: tuple[Event, ...] = (
    Trade("BTC", "43000.10", "0.5", AT_MS, "17"),
    Book("BTC", "43000.0", "43000.2", AT_MS),
    Candle("BTC", AT_MS, "1", "3", "1", "2", "4"),
    Funding("BTC", "0.0001", AT_MS + 1, AT_MS),
    Interest("BTC", "5", AT_MS),
)
TOPICS = {
    "okx": {
        f"{one}:BTC-USDT-SWAP" for one in ("trades", "books5", "candle1m", "funding-rate", "open-interest")
    },
    "bybit": {f"{one}.BTCUSDT" for one in ("publicTrade", "orderbook.1", "kline.1", "tickers")},
    "binance": {f"btcusdt@{one}" for one in ("aggTrade", "bookTicker", "kline_1m", "markPrice")},
}
ANYTHING: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [None, True, [], {}, "", "NaN", "-1", "1e999", -1, 0, 1.5, [[]], [None], {"a": []}, "\x00"]
    ),
    st.text(max_size=5),
    st.integers(),
)


def frames(name: str) -> list[str]:
    """One right frame of each kind that there is."""
    wire = WIRES[name]
    return [text for event in EVENTS for text in wire.push(Client("", set(TOPICS[name])), event)]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something can be put in the place of what is there."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


def spoilt(frame: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    copy = dict(frame) if isinstance(frame, dict) else list(frame)
    copy[path[0]] = spoilt(frame[path[0]], path[1:], by)
    return copy


def without(frame: Any, path: tuple[Any, ...]) -> Any:
    *rest, last = path
    inner = frame
    for key in rest:
        inner = inner[key]
    copy = dict(inner) if isinstance(inner, dict) else list(inner)
    del copy[last]
    return spoilt(frame, tuple(rest), copy)


@pytest.mark.parametrize("name", WIRES)
def test_the_right_ones_are_read(name: str) -> None:
    texts = frames(name)
    assert len(texts) == (4 if name == "binance" else 5)
    assert all(READERS[name]()(text, RECEIVED_US) for text in texts)


@pytest.mark.parametrize("name", WIRES)
def test_each_thing_left_out(name: str) -> None:
    for text in frames(name):
        frame = json.loads(text)
        for path in places(frame):
            if path:
                messages(name, json.dumps(without(frame, path)))


@pytest.mark.parametrize("name", WIRES)
@given(by=ANYTHING)
def test_anything_in_the_place_of_each_thing(name: str, by: Any) -> None:
    for text in frames(name):
        frame = json.loads(text)
        for path in places(frame):
            messages(name, json.dumps(spoilt(frame, path, by)))


@pytest.mark.parametrize("name", WIRES)
def test_a_frame_cut_anywhere(name: str) -> None:
    for text in frames(name):
        for end in range(len(text)):
            assert messages(name, text[:end]) == ()
