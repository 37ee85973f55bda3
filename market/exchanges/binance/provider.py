"""Binance's USD-M futures: the list of perpetuals, the stream, and what is asked over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar

from msgspec import Meta, Struct

from market.exchanges.base import CandleRow, Funding, OpenInterest, Quote
from market.exchanges.binance.dialects import MARKET, PUBLIC, BinanceDialect
from market.exchanges.binance.frames import MINUTE_US, Swap, candle_of
from market.exchanges.dialect import Dialect
from market.exchanges.errors import RateLimited, RequestFailed, RequestRefused
from market.exchanges.naming import pair_of, swap_named
from market.exchanges.numbers import decimal_of, micros_of, side_of
from market.exchanges.provider import Provider, Surroundings
from market.exchanges.reading import check_span, readable, rows_between

Form = TypeVar("Form")
_PAGE = 1000
_LAST_OK, _FORBIDDEN, _LOCKED_OUT_S = 299, 403, 300.0
_TOO_OFTEN = (-1003, -1015)
#: Of its own troubles: disconnected, an unexpected answer, a timeout, too busy.
_ITS_OWN = (-1000, -1001, -1006, -1007, -1008, -1016)


class Refusal(Struct, frozen=True):
    code: int
    msg: str = ""


class Instrument(Struct, frozen=True, rename="camel"):
    symbol: str
    contract_type: str = ""
    status: str = ""
    base_asset: str = ""
    quote_asset: str = ""
    margin_asset: str = ""


class Instruments(Struct, frozen=True):
    symbols: list[Instrument]


class Clock(Struct, frozen=True, rename="camel"):
    server_time: int


class Book(Struct, frozen=True, rename="camel"):
    bid_price: str
    ask_price: str
    time: int


class Premium(Struct, frozen=True, rename="camel"):
    last_funding_rate: str
    next_funding_time: int
    time: int


class Interest(Struct, frozen=True, rename="camel"):
    open_interest: str
    time: int


Row = Annotated[list[Any], Meta(min_length=6)]


class Binance(Provider):
    """See `base.Exchange`."""

    def __init__(self, surroundings: Surroundings, rest: str, ws: str) -> None:
        super().__init__("binance", surroundings, rest, ws)
        self._swaps: dict[str, Swap] = {}

    def _dialects(self) -> Iterable[Dialect]:
        return (BinanceDialect(PUBLIC, self._swaps), BinanceDialect(MARKET, self._swaps))

    async def load(self) -> None:
        """See `base.Exchange`."""
        found = await self._get("/fapi/v1/exchangeInfo", {}, Instruments)
        self._swaps.clear()
        self._swaps.update((one.symbol, swap) for one in found.symbols if (swap := _swap_of(one)))
        self.names.fill((pair_of(swap.symbol), name) for name, swap in self._swaps.items())

    async def candles(self, symbol: str, since_us: int, until_us: int) -> list[CandleRow]:
        """See `base.Exchange`. Which candle is still open Binance's own clock tells."""
        name = self.names.theirs(symbol)
        check_span(self.name, since_us, until_us)
        now_us = (await self._get("/fapi/v1/time", {}, Clock)).server_time * 1000
        rows: list[CandleRow] = []
        for begin in range(since_us, min(until_us, now_us), _PAGE * MINUTE_US):
            rows += await self._page(name, begin, min(begin + _PAGE * MINUTE_US, until_us))
        return rows_between((row for row in rows if row.end_us <= now_us), since_us, until_us)

    async def _page(self, name: str, since_us: int, until_us: int) -> list[CandleRow]:
        asked: dict[str, str | int] = {"symbol": name, "interval": "1m", "limit": _PAGE}
        asked |= {"startTime": -(-since_us // 1000), "endTime": (until_us - 1) // 1000}
        page = await self._get("/fapi/v1/klines", asked, list[Row])
        with readable(self.name):
            return [candle_of(tuple(row[:6]), self._swaps[name].symbol, self._at.now_us()) for row in page]

    async def quote(self, symbol: str) -> Quote:
        """See `base.Exchange`."""
        swap, one = await self._about(symbol, "/fapi/v1/ticker/bookTicker", Book)
        with readable(self.name):
            bid, ask = side_of(one.bid_price), side_of(one.ask_price)
            return Quote(swap.symbol, bid, ask, micros_of(one.time), self._at.now_us())

    async def funding(self, symbol: str) -> Funding:
        """See `base.Exchange`."""
        swap, one = await self._about(symbol, "/fapi/v1/premiumIndex", Premium)
        with readable(self.name):
            at = micros_of(one.next_funding_time) if one.next_funding_time else None
            rate = decimal_of(one.last_funding_rate)
            return Funding(swap.symbol, rate, at, micros_of(one.time), self._at.now_us())

    async def open_interest(self, symbol: str) -> OpenInterest:
        """See `base.Exchange`. Binance does not stream it."""
        swap, one = await self._about(symbol, "/fapi/v1/openInterest", Interest)
        with readable(self.name):
            value, at = decimal_of(one.open_interest), micros_of(one.time)
            return OpenInterest(swap.symbol, value, swap.base, at, self._at.now_us())

    async def _about(self, symbol: str, path: str, form: type[Form]) -> tuple[Swap, Form]:
        name = self.names.theirs(symbol)
        return self._swaps[name], await self._get(path, {"symbol": name}, form)

    async def _get(self, path: str, params: Mapping[str, str | int], form: type[Form]) -> Form:
        got = await self._rest.get(path, params)
        if got.status <= _LAST_OK:
            return self._rest.decode(got.body, form)
        if got.status == _FORBIDDEN:
            raise RateLimited("binance refuses this address (403)", _LOCKED_OUT_S)
        refusal = self._rest.decode(got.body, Refusal)
        said = f"binance: {refusal.msg or 'refused'} ({refusal.code})"
        if refusal.code in _TOO_OFTEN:
            raise RateLimited(said, 60.0)
        raise RequestFailed(said) if refusal.code in _ITS_OWN else RequestRefused(said)


def _swap_of(one: Instrument) -> Swap | None:
    """A perpetual that trades, margined in what it is quoted in."""
    pair = swap_named(f"{one.base_asset}-{one.quote_asset}-SWAP")
    is_ours = one.contract_type == "PERPETUAL" and one.status == "TRADING"
    if pair is None or not is_ours or one.margin_asset != one.quote_asset:
        return None
    return Swap(pair.ours, pair.base)
