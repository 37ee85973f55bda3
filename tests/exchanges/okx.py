"""OKX v5 as documented: text numbers, `arg` and `data`, text ping and pong, candles on /business, newest first.

https://www.okx.com/docs-v5/en/: sections WebSocket (connect, subscribe, notification), the channels trades, books5,
candle1m, funding-rate, open-interest, and the REST endpoints of market and public data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from tests.exchanges.market import Book, Candle, Event, Funding, Interest, Market, Trade
from tests.exchanges.wire import Client, Refused

PUBLIC, BUSINESS = "/ws/v5/public", "/ws/v5/business"
_CHANNELS = {PUBLIC: {"trades", "books5", "funding-rate", "open-interest", "tickers"}, BUSINESS: {"candle1m"}}
#: What one contract is, in coins.
CONTRACTS = {"BTC": "0.01", "ETH": "0.1", "SOL": "1", "AVAX": "1", "XRP": "100"}
_CONN = "a4d3ae55"
_MOST_ROWS, _RECENT_ROWS = 300, 1440


def _name(coin: str) -> str:
    return f"{coin}-USDT-SWAP"


def _coin(name: str) -> str:
    return name.partition("-")[0]


def _contracts(coin: str, coins: str) -> str:
    try:
        return format((Decimal(coins) / Decimal(CONTRACTS[coin])).normalize(), "f")
    except ArithmeticError:
        return coins


class OkxWire:
    name = "okx"
    paths: tuple[str, ...] = (PUBLIC, BUSINESS)

    def hear(self, client: Client, text: str, market: Market) -> Iterable[str]:
        if text == "ping":
            return ["pong"]
        try:
            said = json.loads(text)
            op, args = said["op"], [dict(arg) for arg in said["args"]]
        except (ValueError, KeyError, TypeError):
            return [_error("60012", f"Invalid request: {text}")]
        client.requests += 1
        if client.requests > 480:
            return [_error("60014", "Requests too frequent")]
        return [answer for arg in args for answer in self._subscribe(client, op, arg, market)]

    def _subscribe(self, client: Client, op: str, arg: dict[str, str], market: Market) -> Iterator[str]:
        channel, name = arg.get("channel", ""), arg.get("instId", "")
        if channel not in _CHANNELS[client.path] or name not in {_name(coin) for coin in market.coins}:
            yield _error(
                "60018",
                f"Wrong URL or channel:{channel},instId:{name} doesn't exist. Please use the correct URL, channel "
                "and parameters referring to API document.",
            )
            return
        topic = f"{channel}:{name}"
        (client.topics.add if op == "subscribe" else client.topics.discard)(topic)
        yield json.dumps({"event": op, "arg": arg, "connId": _CONN})
        for event in _first(channel, _coin(name), market) if op == "subscribe" else ():
            yield from self.push(client, event)

    def push(self, client: Client, event: Event) -> Iterable[str]:
        channel, data = _data(event)
        topic = f"{channel}:{_name(event.coin)}"
        if topic in client.topics:
            yield json.dumps({"arg": {"channel": channel, "instId": _name(event.coin)}, "data": [data]})

    def goodbye(self) -> str | None:
        text = "The connection will soon be closed for a service upgrade. Please reconnect."
        return json.dumps({"event": "notice", "code": "64008", "msg": text, "connId": _CONN})

    def coins_of(self, client: Client) -> set[str]:
        pairs = (topic.split(":") for topic in client.topics)
        return {_coin(name) for channel, name in pairs if channel in ("trades", "candle1m")}

    def ask(self, path: str, query: Mapping[str, str], market: Market, now_ms: int) -> Any:
        answers = {
            "/api/v5/public/instruments": _instruments,
            "/api/v5/market/candles": _recent,
            "/api/v5/market/history-candles": _history,
            "/api/v5/market/ticker": _ticker,
            "/api/v5/public/funding-rate": _funding,
            "/api/v5/public/open-interest": _interest,
        }
        answer = answers[path]
        if answer is not _instruments and query.get("instId") not in {_name(coin) for coin in market.coins}:
            raise Refused(
                200, _refusal("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
            )
        return {"code": "0", "msg": "", "data": answer(query, market, now_ms)}

    def broken(self) -> Any:
        return _refusal("50001", "Service temporarily unavailable. Please try again later.")

    def too_often(self) -> tuple[int, Any]:
        return 429, _refusal(
            "50011", "Rate limit reached. Please refer to API documentation and throttle requests."
        )


def _error(code: str, text: str) -> str:
    return json.dumps({"event": "error", "code": code, "msg": text, "connId": _CONN})


def _refusal(code: str, text: str) -> dict[str, Any]:
    return {"code": code, "msg": text, "data": []}


def _first(channel: str, coin: str, market: Market) -> Iterator[Event]:
    """What a channel says at once: it has a state, and says it."""
    known: dict[str, Mapping[str, Event]] = {
        "books5": market.books,
        "funding-rate": market.fundings,
        "open-interest": market.interests,
    }
    if coin in known.get(channel, {}):
        yield known[channel][coin]


def _data(event: Event) -> tuple[str, Any]:
    name = _name(event.coin)
    if isinstance(event, Trade):
        size = _contracts(event.coin, event.qty)
        trade = {"instId": name, "tradeId": event.trade_id, "px": event.price, "sz": size, "side": "buy"}
        return "trades", trade | {"ts": str(event.at_ms), "count": "1", "source": "0", "seqId": 1}
    if isinstance(event, Book):
        return "books5", _levels(event)
    if isinstance(event, Candle):
        return "candle1m", _row(event)
    if isinstance(event, Funding):
        return "funding-rate", _rate(event)
    return "open-interest", _open(event)


def _levels(book: Book) -> dict[str, Any]:
    def side(price: str) -> list[list[str]]:
        return [[price, "12", "0", "3"]] if price else []

    head = {"instId": _name(book.coin), "ts": str(book.at_ms), "seqId": 2}
    return {"asks": side(book.ask), "bids": side(book.bid)} | head


def _row(candle: Candle) -> list[str]:
    prices = [candle.open, candle.high, candle.low, candle.close]
    contracts = _contracts(candle.coin, candle.volume)
    return [str(candle.begin_ms), *prices, contracts, candle.volume, "1000000", str(int(candle.is_closed))]


def _rate(funding: Funding) -> dict[str, str]:
    return {
        "instId": _name(funding.coin),
        "instType": "SWAP",
        "method": "current_period",
        "fundingRate": funding.rate,
        "fundingTime": str(funding.next_ms),
        "nextFundingRate": "",
        "nextFundingTime": str(funding.next_ms + 8 * 3_600_000),
        "minFundingRate": "-0.00375",
        "maxFundingRate": "0.00375",
        "settState": "settled",
        "settFundingRate": "0.0001",
        "ts": str(funding.at_ms),
    }


def _open(interest: Interest) -> dict[str, str]:
    head = {"instId": _name(interest.coin), "instType": "SWAP"}
    contracts = _contracts(interest.coin, interest.value)
    return head | {"oi": contracts, "oiCcy": interest.value, "oiUsd": "1", "ts": str(interest.at_ms)}


def _instruments(query: Mapping[str, str], market: Market, now_ms: int) -> list[dict[str, str]]:
    """The swaps, and two that are none of ours: one inverse, one that is suspended."""
    if query.get("instType") != "SWAP":
        raise Refused(200, _refusal("51000", "Parameter instType error"))
    live = [_instrument(_name(coin), coin, CONTRACTS.get(coin, "1")) for coin in market.coins]
    inverse = _instrument("BTC-USD-SWAP", "USD", "100") | {"ctType": "inverse", "settleCcy": "BTC"}
    return [*live, inverse, _instrument("LUNA-USDT-SWAP", "LUNA", "10") | {"state": "suspend"}]


def _instrument(name: str, value_in: str, contract: str) -> dict[str, str]:
    return {
        "instType": "SWAP",
        "instId": name,
        "uly": name.removesuffix("-SWAP"),
        "instFamily": name.removesuffix("-SWAP"),
        "baseCcy": "",
        "quoteCcy": "",
        "settleCcy": "USDT",
        "ctVal": contract,
        "ctMult": "1",
        "ctValCcy": value_in,
        "ctType": "linear",
        "tickSz": "0.1",
        "lotSz": "0.01",
        "state": "live",
    }


def _history(query: Mapping[str, str], market: Market, now_ms: int) -> list[list[str]]:
    """Newest first; `after`: older than this; `before`: newer than this; at most 300."""
    limit = int(query.get("limit", "100"))
    if limit > _MOST_ROWS or query.get("bar") != "1m":
        raise Refused(200, _refusal("51000", "Parameter limit error"))
    after, before = int(query.get("after", 2**60)), int(query.get("before", -1))
    found = market.newest_candles(_coin(query["instId"]))
    return [_row(one) for one in found if before < one.begin_ms < after][:limit]


def _recent(query: Mapping[str, str], market: Market, now_ms: int) -> list[list[str]]:
    oldest = now_ms - _RECENT_ROWS * 60_000
    return [row for row in _history(query, market, now_ms) if int(row[0]) >= oldest]


def _ticker(query: Mapping[str, str], market: Market, now_ms: int) -> list[dict[str, str]]:
    book = market.books.get(_coin(query["instId"]))
    if book is None:
        return []
    head = {"instType": "SWAP", "instId": query["instId"], "last": book.bid, "lastSz": "1"}
    return [head | {"askPx": book.ask, "askSz": "11", "bidPx": book.bid, "bidSz": "5", "ts": str(book.at_ms)}]


def _funding(query: Mapping[str, str], market: Market, now_ms: int) -> list[dict[str, str]]:
    funding = market.fundings.get(_coin(query["instId"]))
    return [_rate(funding)] if funding else []


def _interest(query: Mapping[str, str], market: Market, now_ms: int) -> list[dict[str, str]]:
    interest = market.interests.get(_coin(query["instId"]))
    return [_open(interest)] if interest else []
