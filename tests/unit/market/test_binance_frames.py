"""Binance's frames as its documentation shows them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from market.exchanges.base import CandleRow, Funding, Quote, Tick
from market.exchanges.errors import Unreadable
from tests.unit.market.reading import RECEIVED_US, binance_reader


def test_a_trade() -> None:
    text = """{"e":"aggTrade","E":1672304486870,"s":"BTCUSDT","a":5933014,"p":"16578.50","q":"0.100","f":100,
        "l":105,"T":1672304486865,"m":true}"""
    (tick,) = binance_reader()(text, RECEIVED_US)
    at = 1_672_304_486_865_000
    assert tick == Tick("BTC-USDT-SWAP", Decimal("16578.50"), Decimal("0.100"), at, RECEIVED_US, "5933014")


def test_the_best_of_the_book() -> None:
    text = """{"e":"bookTicker","u":400900217,"E":1568014460893,"T":1568014460891,"s":"BNBUSDT","b":"25.35190000",
        "B":"31.21000000","a":"25.36520000","A":"40.66000000"}"""
    (quote,) = binance_reader()(text, RECEIVED_US)
    at = 1_568_014_460_891_000
    assert quote == Quote("BNB-USDT-SWAP", Decimal("25.35190000"), Decimal("25.36520000"), at, RECEIVED_US)


def test_a_side_of_price_0_is_empty() -> None:
    text = '{"e":"bookTicker","T":1568014460891,"s":"BNBUSDT","b":"0.00","B":"0","a":"25.3","A":"1"}'
    (quote,) = binance_reader()(text, RECEIVED_US)
    assert isinstance(quote, Quote)
    assert (quote.bid, quote.ask) == (None, Decimal("25.3"))


def test_the_funding_that_comes_next() -> None:
    text = """{"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15000000","i":"11784.62659091",
        "P":"11784.25641265","r":"0.00038167","T":1562306400000}"""
    (funding,) = binance_reader()(text, RECEIVED_US)
    settled, said = 1_562_306_400_000_000, 1_562_305_380_000_000
    assert funding == Funding("BTC-USDT-SWAP", Decimal("0.00038167"), settled, said, RECEIVED_US)


KLINE = """{"e":"kline","E":1638747660000,"s":"BTCUSDT","k":{"t":1638747660000,"T":1638747719999,"s":"BTCUSDT",
    "i":"1m","f":100,"L":200,"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015","v":"1000","n":100,"x":%s,
    "q":"1.0000","V":"500","Q":"0.500","B":"123456"}}"""


def test_only_a_closed_candle_is_one() -> None:
    read = binance_reader()
    assert read(KLINE % "false", RECEIVED_US) == ()
    (row,) = read(KLINE % "true", RECEIVED_US)
    begin = 1_638_747_660_000_000
    prices = tuple(Decimal(each) for each in ("0.0010", "0.0025", "0.0015", "0.0020"))
    assert isinstance(row, CandleRow)
    assert row[:3] == ("BTC-USDT-SWAP", begin, begin + 60_000_000)
    assert row[3:] == (*prices, Decimal(1000), begin + 60_000_000, RECEIVED_US)


def test_an_answer_says_nothing_about_the_market() -> None:
    assert binance_reader()('{"result": null, "id": 1}', RECEIVED_US) == ()


@pytest.mark.parametrize(
    "text",
    [
        '{"error": {"code": 2, "msg": "Invalid request: unknown"}, "id": 3}',
        "{}",
        '{"e":"aggTrade","s":"DOGEUSDT"}',
        '{"e":"forceOrder","s":"BTCUSDT"}',
    ],
)
def test_refusals_and_what_was_not_asked_for_are_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        binance_reader()(text, RECEIVED_US)
