"""Binance's USD-M futures as documented: the book on /public, the rest on /market, bare events, errors as code and msg.

https://developers.binance.com/docs/derivatives/usds-margined-futures: market streams, market data endpoints, and the
notice of 2026-03-06 on base URLs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tests.exchanges.market import Book, Candle, Event, Funding, Market, Trade
from tests.exchanges.wire import Client, Refused

PUBLIC, MARKET = "/public/ws", "/market/ws"
_STREAMS = {PUBLIC: {"bookTicker", "depth"}, MARKET: {"aggTrade", "kline_1m", "markPrice"}}


def _name(coin: str) -> str:
    return f"{coin}USDT"


class BinanceWire:
    name = "binance"
    paths: tuple[str, ...] = (PUBLIC, MARKET)

    def hear(self, client: Client, text: str, market: Market) -> Iterable[str]:
        try:
            said = json.loads(text)
            method, topics, number = said["method"], list(said["params"]), said["id"]
        except (ValueError, KeyError, TypeError):
            return [json.dumps({"error": {"code": 2, "msg": "Invalid request"}, "id": None})]
        wrong = [topic for topic in topics if not self._is_known(client, topic, market)]
        if wrong:
            return [json.dumps({"error": {"code": 2, "msg": f"Invalid request: {wrong[0]}"}, "id": number})]
        (client.topics.update if method == "SUBSCRIBE" else client.topics.difference_update)(topics)
        return [json.dumps({"result": None, "id": number})]

    def _is_known(self, client: Client, topic: str, market: Market) -> bool:
        name, _, stream = topic.partition("@")
        return stream in _STREAMS[client.path] and name.upper() in {_name(coin) for coin in market.coins}

    def push(self, client: Client, event: Event) -> Iterable[str]:
        stream, data = _data(event)
        if f"{_name(event.coin).lower()}@{stream}" in client.topics:
            yield json.dumps(data)

    def goodbye(self) -> str | None:
        return None

    def coins_of(self, client: Client) -> set[str]:
        pairs = (topic.split("@") for topic in client.topics)
        mine = ("aggTrade", "bookTicker")
        return {name.upper().removesuffix("USDT") for name, stream in pairs if stream in mine}

    def ask(self, path: str, query: Mapping[str, str], market: Market, now_ms: int) -> Any:
        if path == "/fapi/v1/time":
            return {"serverTime": now_ms}
        if path == "/fapi/v1/exchangeInfo":
            return _instruments(market)
        answers = {
            "/fapi/v1/klines": _klines,
            "/fapi/v1/ticker/bookTicker": _book,
            "/fapi/v1/premiumIndex": _premium,
            "/fapi/v1/openInterest": _interest,
        }
        answer = answers[path]
        if query.get("symbol") not in {_name(coin) for coin in market.coins}:
            raise Refused(400, {"code": -1121, "msg": "Invalid symbol."})
        return answer(query, query["symbol"].removesuffix("USDT"), market)

    def broken(self) -> Any:
        return {"code": -1001, "msg": "Internal error; unable to process your request. Please try again."}

    def too_often(self) -> tuple[int, Any]:
        return 429, {"code": -1003, "msg": "Too many requests."}


def _data(event: Event) -> tuple[str, Any]:
    name = _name(event.coin)
    if isinstance(event, Trade):
        head = {"e": "aggTrade", "E": event.at_ms + 1, "s": name, "a": int(event.trade_id), "p": event.price}
        return "aggTrade", head | {"q": event.qty, "f": 100, "l": 105, "T": event.at_ms, "m": True}
    if isinstance(event, Book):
        head = {"e": "bookTicker", "u": 400900217, "s": name, "E": event.at_ms + 1, "T": event.at_ms}
        return "bookTicker", head | {"b": event.bid or "0", "B": "31.21", "a": event.ask or "0", "A": "40.66"}
    if isinstance(event, Candle):
        return "kline_1m", {"e": "kline", "E": event.begin_ms + 60_000, "s": name, "k": _kline(event)}
    if isinstance(event, Funding):
        head = {"e": "markPriceUpdate", "E": event.at_ms, "s": name, "p": "11794.15", "i": "11784.62"}
        return "markPrice", head | {"P": "11784.25", "r": event.rate, "T": event.next_ms}
    return "nothing", {}


def _kline(candle: Candle) -> dict[str, Any]:
    return {
        "t": candle.begin_ms,
        "T": candle.begin_ms + 59_999,
        "s": _name(candle.coin),
        "i": "1m",
        "f": 100,
        "L": 200,
        "o": candle.open,
        "c": candle.close,
        "h": candle.high,
        "l": candle.low,
        "v": candle.volume,
        "n": 100,
        "x": candle.is_closed,
        "q": "1.0",
    }


def _instruments(market: Market) -> dict[str, Any]:
    live = [_instrument(_name(coin), coin) for coin in market.coins]
    dated = _instrument("BTCUSDT_260529", "BTC") | {"contractType": "CURRENT_QUARTER"}
    return {"timezone": "UTC", "rateLimits": [], "symbols": [*live, dated]}


def _instrument(name: str, coin: str) -> dict[str, str]:
    head = {"symbol": name, "pair": name, "contractType": "PERPETUAL", "status": "TRADING"}
    return head | {"baseAsset": coin, "quoteAsset": "USDT", "marginAsset": "USDT"}


def _klines(query: Mapping[str, str], coin: str, market: Market) -> list[list[Any]]:
    """Oldest first, both bounds within."""
    start, end = int(query.get("startTime", 0)), int(query.get("endTime", 2**60))
    found = [one for one in reversed(market.newest_candles(coin)) if start <= one.begin_ms <= end]
    return [_row(one) for one in found[: int(query.get("limit", "500"))]]


def _row(one: Candle) -> list[Any]:
    head = [one.begin_ms, one.open, one.high, one.low, one.close, one.volume, one.begin_ms + 59_999]
    return [*head, "2434.1", 308, "1756.8", "28.4", "0"]


def _book(query: Mapping[str, str], coin: str, market: Market) -> dict[str, Any]:
    book = market.books[coin]
    head = {"symbol": _name(coin), "bidQty": "431", "askQty": "9", "time": book.at_ms}
    return head | {"bidPrice": book.bid or "0", "askPrice": book.ask or "0"}


def _premium(query: Mapping[str, str], coin: str, market: Market) -> dict[str, Any]:
    one = market.fundings[coin]
    head = {"symbol": _name(coin), "markPrice": "11793.63", "time": one.at_ms}
    return head | {"lastFundingRate": one.rate, "nextFundingTime": one.next_ms}


def _interest(query: Mapping[str, str], coin: str, market: Market) -> dict[str, Any]:
    one = market.interests[coin]
    return {"symbol": _name(coin), "openInterest": one.value, "time": one.at_ms}
