"""OKX's frames as its documentation shows them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from market.exchanges.base import CandleRow, Funding, OpenInterest, Quote, Tick
from market.exchanges.errors import StreamEnded, Unreadable
from tests.unit.market.reading import RECEIVED_US, okx_reader


def test_a_trade_is_counted_in_coins() -> None:
    text = """{"arg": {"channel": "trades", "instId": "BTC-USDT-SWAP"}, "data": [
        {"instId": "BTC-USDT-SWAP", "tradeId": "130639474", "px": "42219.90", "sz": "12", "side": "buy",
         "ts": "1630048897897", "count": "3", "source": "0", "seqId": 1234}]}"""
    (tick,) = okx_reader()(text, RECEIVED_US)
    assert tick == Tick(
        "BTC-USDT-SWAP", Decimal("42219.90"), Decimal("0.12"), 1_630_048_897_897_000, RECEIVED_US, "130639474"
    )
    assert isinstance(tick, Tick)
    assert str(tick.price) == "42219.90"


def test_the_best_of_the_book() -> None:
    text = """{"arg": {"channel": "books5", "instId": "BTC-USDT-SWAP"}, "data": [
        {"asks": [["111.06","55154","0","2"],["111.07","53276","0","2"]],
         "bids": [["111.05","57745","0","2"],["111.04","57109","0","2"]],
         "instId": "BTC-USDT-SWAP", "ts": "1670324386802", "seqId": 363996337}]}"""
    (quote,) = okx_reader()(text, RECEIVED_US)
    at = 1_670_324_386_802_000
    assert quote == Quote("BTC-USDT-SWAP", Decimal("111.05"), Decimal("111.06"), at, RECEIVED_US)


def test_an_empty_and_a_crossed_book_are_handed_on() -> None:
    head = '{"arg": {"channel": "books5", "instId": "BTC-USDT-SWAP"}, "data": [%s]}'
    (empty,) = okx_reader()(head % '{"asks": [], "bids": [["1","1","0","1"]], "ts": "1670324386802"}', 1)
    (crossed,) = okx_reader()(head % '{"asks": [["1","1"]], "bids": [["2","1"]], "ts": "1670324386802"}', 1)
    assert isinstance(empty, Quote)
    assert (empty.bid, empty.ask) == (Decimal(1), None)
    assert isinstance(crossed, Quote)
    assert (crossed.bid, crossed.ask) == (Decimal(2), Decimal(1))


CANDLE = '["1597026360000","8533.02","8553.74","8527.17","8548.26","4529","45.29","387000.1","%s"]'


def test_only_a_confirmed_candle_is_one() -> None:
    head = '{"arg": {"channel": "candle1m", "instId": "BTC-USDT-SWAP"}, "data": [%s]}'
    read = okx_reader()
    assert read(head % (CANDLE % "0"), RECEIVED_US) == ()
    (row,) = read(head % (CANDLE % "1"), RECEIVED_US)
    begin = 1_597_026_360_000_000
    prices = tuple(Decimal(each) for each in ("8533.02", "8553.74", "8527.17", "8548.26"))
    assert isinstance(row, CandleRow)
    assert row[:3] == ("BTC-USDT-SWAP", begin, begin + 60_000_000)
    assert row[3:] == (*prices, Decimal("45.29"), begin + 60_000_000, RECEIVED_US)


def test_the_funding_that_comes_next() -> None:
    text = """{"arg": {"channel": "funding-rate", "instId": "BTC-USDT-SWAP"}, "data": [{
         "fundingRate": "0.0001875391284828", "fundingTime": "1700726400000", "instId": "BTC-USDT-SWAP",
         "instType": "SWAP", "method": "current_period", "maxFundingRate": "0.00375",
         "minFundingRate": "-0.00375", "nextFundingRate": "", "nextFundingTime": "1700755200000",
         "premium": "0.0001233824646391", "settFundingRate": "0.0001699799259033", "settState": "settled",
         "ts": "1700724675402"}]}"""
    (funding,) = okx_reader()(text, RECEIVED_US)
    assert funding == Funding(
        "BTC-USDT-SWAP",
        Decimal("0.0001875391284828"),
        1_700_726_400_000_000,
        1_700_724_675_402_000,
        RECEIVED_US,
    )


@pytest.mark.parametrize("rate", ["NaN", "", "Infinity", "abc"])
def test_a_rate_that_is_no_number_is_told_as_one(rate: str) -> None:
    text = """{"arg": {"channel": "funding-rate", "instId": "BTC-USDT-SWAP"}, "data": [
        {"fundingRate": "%s", "ts": "1700724675402"}]}"""
    (funding,) = okx_reader()(text % rate, RECEIVED_US)
    assert isinstance(funding, Funding)
    assert funding.rate.is_nan()
    assert funding.next_us is None


@pytest.mark.parametrize("value", ["555.55", "-555.55"])
def test_open_interest_in_coins_and_as_it_was_sent(value: str) -> None:
    text = """{"arg": {"channel": "open-interest", "instId": "LTC-USDT-SWAP"}, "data": [
        {"instType": "SWAP", "instId": "LTC-USDT-SWAP", "oi": "5000", "oiCcy": "%s", "ts": "1597026383085"}]}"""
    (interest,) = okx_reader()(text % value, RECEIVED_US)
    assert interest == OpenInterest(
        "LTC-USDT-SWAP", Decimal(value), "LTC", 1_597_026_383_085_000, RECEIVED_US
    )


def test_the_notice_of_an_upgrade_ends_the_stream() -> None:
    text = """{"event": "notice", "code": "64008", "connId": "a4d3ae55",
        "msg": "The connection will soon be closed for a service upgrade. Please reconnect."}"""
    with pytest.raises(StreamEnded, match="service upgrade"):
        okx_reader()(text, RECEIVED_US)


def test_a_refused_subscription_is_told_in_its_words() -> None:
    text = '{"event": "error", "code": "60018", "msg": "Wrong URL or channel", "connId": "a4d3ae55"}'
    with pytest.raises(Unreadable, match=r"Wrong URL or channel \(60018\)"):
        okx_reader()(text, RECEIVED_US)


@pytest.mark.parametrize(
    "text",
    [
        "pong",
        '{"event": "subscribe", "arg": {"channel": "tickers", "instId": "BTC-USDT-SWAP"}, "connId": "accb8e21"}',
        '{"event": "channel-conn-count", "channel": "orders", "connCount": "2", "connId": "abcd1234"}',
    ],
)
def test_answers_say_nothing_about_the_market(text: str) -> None:
    assert okx_reader()(text, RECEIVED_US) == ()


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"arg": {"channel": "trades", "instId": "DOGE-USDT-SWAP"}, "data": []}',
        '{"arg": {"channel": "liquidations", "instId": "BTC-USDT-SWAP"}, "data": []}',
    ],
)
def test_what_was_not_asked_for_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        okx_reader()(text, RECEIVED_US)


def test_a_trade_without_a_sane_price_spoils_its_frame_only() -> None:
    head = '{"arg": {"channel": "trades", "instId": "BTC-USDT-SWAP"}, "data": [{"px": "%s", "sz": "1", "ts": "%s"}]}'
    read = okx_reader()
    for price, at in (("0", "1630048897897"), ("NaN", "1630048897897"), ("1", "0"), ("1", "x")):
        with pytest.raises(Unreadable):
            read(head % (price, at), RECEIVED_US)
    assert len(read(head % ("1", "1630048897897"), RECEIVED_US)) == 1
