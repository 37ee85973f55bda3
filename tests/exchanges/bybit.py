"""Bybit v5, linear contracts, as documented: topics, snapshots and deltas, `op` requests, retCode envelopes.

https://bybit-exchange.github.io/docs/v5/: websocket connect, public trade, orderbook, ticker, kline; market endpoints.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.exchanges.market import Book, Candle, Event, Funding, Interest, Market, Trade
from tests.exchanges.wire import Client, Refused

LINEAR = "/v5/public/linear"
_CHANNELS = ("publicTrade", "orderbook.1", "tickers", "kline.1")
_CONN = "036e5d21-804c-4447-a92d-b65a44d00700"


def _name(coin: str) -> str:
    return f"{coin}USDT"


def _coin(name: str) -> str:
    return name.removesuffix("USDT")


class BybitWire:
    name = "bybit"
    paths: tuple[str, ...] = (LINEAR,)

    def __init__(self) -> None:
        self._last: dict[str, Book] = {}

    def hear(self, client: Client, text: str, market: Market) -> Iterable[str]:
        try:
            said = json.loads(text)
            op, args = said["op"], list(said.get("args", []))
        except (ValueError, KeyError, TypeError):
            return [_answer("", success=False, ret_msg="error:json parse error")]
        if op == "ping":
            return [_answer("ping", ret_msg="pong")]
        wrong = [topic for topic in args if not self._is_known(topic, market)]
        if wrong:
            return [_answer(op, success=False, ret_msg=f"error:handler not found,topic:{wrong[0]}")]
        return self._subscribe(client, op, args, market)

    def _is_known(self, topic: str, market: Market) -> bool:
        channel, _, name = topic.rpartition(".")
        return channel in _CHANNELS and name in {_name(coin) for coin in market.coins}

    def _subscribe(self, client: Client, op: str, topics: list[str], market: Market) -> Iterator[str]:
        yield _answer(op)
        for topic in topics:
            (client.topics.add if op == "subscribe" else client.topics.discard)(topic)
            client.seen.discard(topic)
            if op == "subscribe":
                for event in _first(topic, market):
                    yield from self.push(client, event)

    def push(self, client: Client, event: Event) -> Iterable[str]:
        topic, data = _data(event)
        if topic not in client.topics:
            return
        is_first, kind = topic not in client.seen, "snapshot"
        client.seen.add(topic)
        if isinstance(event, Book):
            data = data if is_first else _delta(self._last.get(event.coin), event)
            kind = "snapshot" if is_first else "delta"
            self._last[event.coin] = event
        elif isinstance(event, Funding | Interest):
            kind = "snapshot" if is_first else "delta"
        at = event.begin_ms if isinstance(event, Candle) else event.at_ms
        yield json.dumps({"topic": topic, "type": kind, "ts": at, "data": data})

    def goodbye(self) -> str | None:
        return None

    def coins_of(self, client: Client) -> set[str]:
        pairs = (topic.rpartition(".") for topic in client.topics)
        return {_coin(name) for channel, _, name in pairs if channel == "publicTrade"}

    def ask(self, path: str, query: Mapping[str, str], market: Market, now_ms: int) -> Any:
        answers = {
            "/v5/market/instruments-info": _instruments,
            "/v5/market/kline": _kline,
            "/v5/market/tickers": _tickers,
        }
        answer = answers[path]
        known = {_name(coin) for coin in market.coins}
        if query.get("category") != "linear" or (
            answer is not _instruments and query.get("symbol") not in known
        ):
            raise Refused(200, _envelope(10001, "params error: Symbol Is Invalid", {}, now_ms))
        return _envelope(0, "OK", answer(query, market), now_ms)

    def broken(self) -> Any:
        return _envelope(10016, "Internal server error", {}, 0)

    def too_often(self) -> tuple[int, Any]:
        return 200, _envelope(10006, "Too many visits. Exceeded the API Rate Limit.", {}, 0)


def _answer(op: str, *, success: bool = True, ret_msg: str = "") -> str:
    said = {"success": success, "ret_msg": ret_msg, "conn_id": _CONN, "req_id": "", "op": op}
    return json.dumps(said)


def _envelope(code: int, text: str, result: Any, now_ms: int) -> dict[str, Any]:
    return {"retCode": code, "retMsg": text, "result": result, "retExtInfo": {}, "time": now_ms}


def _first(topic: str, market: Market) -> Iterator[Event]:
    channel, _, name = topic.rpartition(".")
    coin = _coin(name)
    if channel == "orderbook.1" and coin in market.books:
        yield market.books[coin]
    if channel == "tickers":
        yield from (known[coin] for known in (market.fundings, market.interests) if coin in known)


def _data(event: Event) -> tuple[str, Any]:
    name = _name(event.coin)
    if isinstance(event, Trade):
        head = {"T": event.at_ms, "s": name, "S": "Buy", "v": event.qty, "p": event.price, "L": "PlusTick"}
        return f"publicTrade.{name}", [head | {"i": event.trade_id, "BT": False, "RPI": False, "seq": 1}]
    if isinstance(event, Book):
        return f"orderbook.1.{name}", _levels(event)
    if isinstance(event, Candle):
        return f"kline.1.{name}", [_candle(event)]
    head = {"symbol": name}
    if isinstance(event, Funding):
        changed = {"fundingRate": event.rate, "nextFundingTime": str(event.next_ms)}
        return f"tickers.{name}", head | changed
    return f"tickers.{name}", head | {"openInterest": event.value, "openInterestValue": "1"}


def _levels(book: Book) -> dict[str, Any]:
    def side(price: str) -> list[list[str]]:
        return [[price, "0.5"]] if price else []

    return {"s": _name(book.coin), "b": side(book.bid), "a": side(book.ask), "u": 1, "seq": 7961638724}


def _delta(old: Book | None, new: Book) -> dict[str, Any]:
    """What has changed: the new level, and the old one with a size of 0."""

    def side(before: str, after: str) -> list[list[str]]:
        gone = [[before, "0"]] if before and before != after else []
        return gone + ([[after, "0.7"]] if after and before != after else [])

    before = old or Book(new.coin, "", "", 0)
    return {
        "s": _name(new.coin),
        "b": side(before.bid, new.bid),
        "a": side(before.ask, new.ask),
        "u": 2,
        "seq": 7961638725,
    }


def _candle(candle: Candle) -> dict[str, Any]:
    return {
        "start": candle.begin_ms,
        "end": candle.begin_ms + 59_999,
        "interval": "1",
        "open": candle.open,
        "close": candle.close,
        "high": candle.high,
        "low": candle.low,
        "volume": candle.volume,
        "turnover": "34666.4005",
        "confirm": candle.is_closed,
        "timestamp": candle.begin_ms + 58_000,
    }


def _instruments(query: Mapping[str, str], market: Market) -> dict[str, Any]:
    """Two pages: all but the first coin on the second one; and a dated future, which is none of ours."""
    names = [_instrument(_name(coin), coin) for coin in market.coins]
    future = _instrument("BTC-29MAY26", "BTC") | {"contractType": "LinearFutures"}
    if query.get("cursor"):
        return {"category": "linear", "list": [*names[1:], future], "nextPageCursor": ""}
    return {"category": "linear", "list": names[:1], "nextPageCursor": "first=x&last=y"}


def _instrument(name: str, coin: str) -> dict[str, Any]:
    return {
        "symbol": name,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": coin,
        "quoteCoin": "USDT",
        "settleCoin": "USDT",
        "launchTime": "1584230400000",
        "priceScale": "2",
        "fundingInterval": 480,
    }


def _kline(query: Mapping[str, str], market: Market) -> dict[str, Any]:
    """Newest first, both bounds within; the open candle is in it and nothing says so."""
    start, end = int(query.get("start", 0)), int(query.get("end", 2**60))
    limit = min(int(query.get("limit", "200")), 1000)
    found = [one for one in market.newest_candles(_coin(query["symbol"])) if start <= one.begin_ms <= end]
    rows = [
        [str(one.begin_ms), one.open, one.high, one.low, one.close, one.volume, "15.7"]
        for one in found[:limit]
    ]
    return {"symbol": query["symbol"], "category": "linear", "list": rows}


def _tickers(query: Mapping[str, str], market: Market) -> dict[str, Any]:
    coin = _coin(query["symbol"])
    said: dict[str, str] = {"symbol": query["symbol"]}
    if book := market.books.get(coin):
        said |= {"bid1Price": book.bid, "ask1Price": book.ask}
    if funding := market.fundings.get(coin):
        said |= {"fundingRate": funding.rate, "nextFundingTime": str(funding.next_ms)}
    if interest := market.interests.get(coin):
        said |= {"openInterest": interest.value}
    return {"category": "linear", "list": [said]}
