"""CoinAPI's REST as documented: JSON numbers, times in ISO 8601 with seven digits, a key in a header."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from tests.exchanges.market import Candle, Event, Market
from tests.exchanges.wire import Client, Refused

_PREFIX = "BINANCEFTS_PERP_"


def _digits(text: str) -> msgspec.Raw:
    """A number that stands in the JSON with the digits that it was given."""
    return msgspec.Raw(text.encode())


class CoinApiWire:
    name = "coinapi"
    paths: tuple[str, ...] = ()

    def hear(self, client: Client, text: str, market: Market) -> Iterable[str]:
        return ()

    def push(self, client: Client, event: Event) -> Iterable[str]:
        return ()

    def goodbye(self) -> str | None:
        return None

    def coins_of(self, client: Client) -> set[str]:
        return set()

    def ask(self, path: str, query: Mapping[str, str], market: Market, now_ms: int) -> Any:
        if path == "/v1/symbols":
            return _symbols(query.get("filter_symbol_id", ""), market)
        _, kind, symbol, _what = path.removeprefix("/").split("/")
        coin = symbol.removeprefix(_PREFIX).removesuffix("_USDT")
        if coin not in market.coins:
            raise Refused(
                550, {"error": "You requested specific single item that we don't have at this moment."}
            )
        return _rows(query, coin, market) if kind == "ohlcv" else _quote(coin, market)

    def broken(self) -> Any:
        return {"error": "Service unavailable"}

    def too_often(self) -> tuple[int, Any]:
        return 429, {"error": "Too many requests"}


def _symbols(prefix: str, market: Market) -> list[dict[str, str]]:
    live = [
        {
            "symbol_id": f"{_PREFIX}{coin}_USDT",
            "exchange_id": "BINANCEFTS",
            "symbol_type": "PERPETUAL",
            "asset_id_base": coin,
            "asset_id_quote": "USDT",
        }
        for coin in market.coins
    ]
    other = live[0] | {"symbol_id": "BINANCEFTS_FTS_BTC_USDT_260529", "symbol_type": "FUTURES"}
    return [one for one in [*live, other] if one["symbol_id"].startswith(prefix)]


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def _rows(query: Mapping[str, str], coin: str, market: Market) -> list[dict[str, Any]]:
    start, end = _ms(query["time_start"]), _ms(query["time_end"])
    found = [one for one in reversed(market.newest_candles(coin)) if start <= one.begin_ms < end]
    return [_row(one) for one in found[: int(query["limit"])]]


def _row(one: Candle) -> dict[str, Any]:
    return {
        "time_period_start": _iso(one.begin_ms),
        "time_period_end": _iso(one.begin_ms + 60_000),
        "time_open": _iso(one.begin_ms + 10),
        "time_close": _iso(one.begin_ms + 59_000),
        "price_open": _digits(one.open),
        "price_high": _digits(one.high),
        "price_low": _digits(one.low),
        "price_close": _digits(one.close),
        "volume_traded": _digits(one.volume),
        "trades_count": 7,
    }


def _quote(coin: str, market: Market) -> dict[str, Any]:
    book = market.books[coin]
    return {
        "symbol_id": f"{_PREFIX}{coin}_USDT",
        "time_exchange": _iso(book.at_ms),
        "time_coinapi": _iso(book.at_ms + 5),
        "ask_price": _digits(book.ask) if book.ask else None,
        "ask_size": 1.5,
        "bid_price": _digits(book.bid) if book.bid else None,
        "bid_size": 2.5,
    }
