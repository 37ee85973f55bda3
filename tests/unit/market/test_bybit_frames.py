"""Bybit's frames as its documentation shows them: snapshots, and deltas that say what has changed only."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from market.exchanges.base import CandleRow, Funding, OpenInterest, Quote, Tick
from market.exchanges.dialect import Reader
from market.exchanges.errors import Unreadable
from tests.unit.market.reading import RECEIVED_US, bybit_reader

AT_MS = 1672304484978
AT_US = AT_MS * 1000


def test_a_trade() -> None:
    text = """{"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": 1672304486868, "data": [
        {"T": 1672304486865, "s": "BTCUSDT", "S": "Buy", "v": "0.001", "p": "16578.50", "L": "PlusTick",
         "i": "20f43950-d8dd-5b31-9112-a178eb6023af", "BT": false}]}"""
    (tick,) = bybit_reader()(text, RECEIVED_US)
    assert tick == Tick(
        "BTC-USDT-SWAP",
        Decimal("16578.50"),
        Decimal("0.001"),
        1_672_304_486_865_000,
        RECEIVED_US,
        "20f43950-d8dd-5b31-9112-a178eb6023af",
    )


def book(read: Reader, kind: str, bids: list[list[str]], asks: list[list[str]]) -> tuple[Any, Any]:
    data = {"s": "BTCUSDT", "b": bids, "a": asks, "u": 1, "seq": 7961638724}
    frame = {"topic": "orderbook.1.BTCUSDT", "type": kind, "ts": AT_MS, "data": data}
    (quote,) = read(json.dumps(frame), RECEIVED_US)
    assert isinstance(quote, Quote)
    assert quote.exchange_us == AT_US
    return quote.bid, quote.ask


def test_a_delta_changes_what_it_names() -> None:
    read = bybit_reader()
    assert book(read, "snapshot", [["100", "1"]], [["101", "2"]]) == (100, 101)
    assert book(read, "delta", [["100", "0.5"]], []) == (100, 101)
    assert book(read, "delta", [["100", "0"], ["100.5", "3"]], []) == (Decimal("100.5"), 101)
    assert book(read, "delta", [], [["101", "0"]]) == (Decimal("100.5"), None)
    assert book(read, "delta", [], [["102", "1"]]) == (Decimal("100.5"), 102)
    assert book(read, "snapshot", [], [["99", "1"]]) == (None, 99)


def test_a_level_that_goes_and_was_not_the_best_one_changes_nothing() -> None:
    read = bybit_reader()
    book(read, "snapshot", [["100", "1"]], [["101", "2"]])
    assert book(read, "delta", [["98", "0"]], [["103", "0"]]) == (100, 101)


def test_a_new_connection_remembers_nothing() -> None:
    book(bybit_reader(), "snapshot", [["100", "1"]], [["101", "2"]])
    assert book(bybit_reader(), "delta", [["100.5", "1"]], []) == (Decimal("100.5"), None)


def ticker(read: Reader, kind: str, **data: str) -> tuple[Any, ...]:
    frame = {
        "topic": "tickers.BTCUSDT",
        "type": kind,
        "cs": 1,
        "ts": AT_MS,
        "data": {"symbol": "BTCUSDT"} | data,
    }
    return tuple(read(json.dumps(frame), RECEIVED_US))


def test_funding_and_open_interest_from_a_snapshot_and_deltas() -> None:
    read = bybit_reader()
    settled_ms = 1673280000000
    first = ticker(
        read,
        "snapshot",
        lastPrice="17216.00",
        openInterest="68744.761",
        nextFundingTime=str(settled_ms),
        fundingRate="-0.000212",
        bid1Price="17215.50",
    )
    interest = OpenInterest("BTC-USDT-SWAP", Decimal("68744.761"), "BTC", AT_US, RECEIVED_US)
    funding = Funding("BTC-USDT-SWAP", Decimal("-0.000212"), settled_ms * 1000, AT_US, RECEIVED_US)
    assert first == (interest, funding)
    assert ticker(read, "delta", lastPrice="17217.00") == ()
    assert ticker(read, "delta", fundingRate="0.0001") == (funding._replace(rate=Decimal("0.0001")),)
    later = funding._replace(rate=Decimal("0.0001"), next_us=(settled_ms + 1) * 1000)
    assert ticker(read, "delta", nextFundingTime=str(settled_ms + 1)) == (later,)
    assert ticker(read, "delta", openInterest="-1") == (interest._replace(value=Decimal(-1)),)


@pytest.mark.parametrize("rate", ["NaN", "", "x"])
def test_a_rate_that_is_no_number_is_told_as_one(rate: str) -> None:
    (funding,) = ticker(bybit_reader(), "snapshot", fundingRate=rate)
    assert funding.rate.is_nan()


def test_only_a_confirmed_candle_is_one() -> None:
    candle = {
        "start": 1672324800000,
        "end": 1672324859999,
        "interval": "1",
        "open": "16649.5",
        "close": "16677",
        "high": "16678",
        "low": "16608",
        "volume": "2.081",
        "turnover": "34666.4005",
        "confirm": False,
        "timestamp": 1672324858882,
    }
    head = {"topic": "kline.1.BTCUSDT", "ts": 1672324988882, "type": "snapshot"}
    read = bybit_reader()
    assert read(json.dumps(head | {"data": [candle]}), RECEIVED_US) == ()
    (row,) = read(json.dumps(head | {"data": [candle | {"confirm": True}]}), RECEIVED_US)
    begin = 1_672_324_800_000_000
    prices = tuple(Decimal(each) for each in ("16649.5", "16678", "16608", "16677"))
    assert isinstance(row, CandleRow)
    assert row[:3] == ("BTC-USDT-SWAP", begin, begin + 60_000_000)
    assert row[3:] == (*prices, Decimal("2.081"), begin + 60_000_000, RECEIVED_US)


@pytest.mark.parametrize(
    "text",
    [
        '{"success":true,"ret_msg":"pong","conn_id":"0970e817","req_id":"","op":"ping"}',
        '{"success":true,"ret_msg":"","conn_id":"0970e817","req_id":"","op":"subscribe"}',
    ],
)
def test_answers_say_nothing_about_the_market(text: str) -> None:
    assert bybit_reader()(text, RECEIVED_US) == ()


def test_a_refused_subscription_is_told_in_its_words() -> None:
    text = '{"success":false,"ret_msg":"error:handler not found,topic:x","conn_id":"a","req_id":"","op":"subscribe"}'
    with pytest.raises(Unreadable, match="handler not found"):
        bybit_reader()(text, RECEIVED_US)


@pytest.mark.parametrize(
    "text", ["{}", '{"topic":"tickers.DOGEUSDT","data":{}}', '{"topic":"x.BTCUSDT","data":{}}']
)
def test_what_was_not_asked_for_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        bybit_reader()(text, RECEIVED_US)
