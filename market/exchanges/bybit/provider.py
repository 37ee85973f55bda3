"""Bybit: its list of swaps, its stream, and what it is asked over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from msgspec import Raw, Struct, field

from market.exchanges.base import CandleRow, Funding, OpenInterest, Quote
from market.exchanges.bybit.dialect import BybitDialect
from market.exchanges.bybit.frames import MINUTE_US, Swap, Ticker, candle_of, funding_of
from market.exchanges.dialect import Dialect
from market.exchanges.errors import RateLimited, RequestFailed, RequestRefused
from market.exchanges.naming import pair_of, swap_named
from market.exchanges.numbers import decimal_of, micros_of, side_of
from market.exchanges.provider import Provider, Surroundings
from market.exchanges.reading import check_span, readable, rows_between

Form = TypeVar("Form")
_PAGE, _MOST_PAGES = 1000, 40
_OK = 0
_TOO_OFTEN = (10006, 10018)
#: Of its own troubles: an internal error, a timeout.
_ITS_OWN = (10000, 10016, 10019, 170007)
#: What a status of 403 says where there is no envelope: this address asked too often.
_FORBIDDEN, _LOCKED_OUT_S = 403, 600.0


class Envelope(Struct, frozen=True, rename="camel"):
    ret_code: int
    ret_msg: str = ""
    result: Raw = Raw(b"{}")
    time: int = 0


class Instrument(Struct, frozen=True, rename="camel"):
    symbol: str
    contract_type: str = ""
    status: str = ""
    base_coin: str = ""
    settle_coin: str = ""


class Instruments(Struct, frozen=True, rename="camel"):
    found: list[Instrument] = field(name="list")
    next_page_cursor: str = ""


class Rows(Struct, frozen=True):
    rows: list[list[str]] = field(name="list")


class Prices(Ticker, frozen=True, rename="camel"):
    """What is asked for of the ticker."""

    bid1_price: str = ""
    ask1_price: str = ""


class Tickers(Struct, frozen=True):
    found: list[Prices] = field(name="list")


class Bybit(Provider):
    """See `base.Exchange`."""

    def __init__(self, surroundings: Surroundings, rest: str, ws: str) -> None:
        super().__init__("bybit", surroundings, rest, ws)
        self._swaps: dict[str, Swap] = {}

    def _dialects(self) -> Iterable[Dialect]:
        return (BybitDialect(self._swaps),)

    async def load(self) -> None:
        """See `base.Exchange`."""
        found: list[Instrument] = []
        cursor = ""
        for _ in range(_MOST_PAGES):
            page = await self._instruments_after(cursor)
            found += page.found
            cursor = page.next_page_cursor
            if not cursor:
                break
        self._swaps.clear()
        self._swaps.update((one.symbol, swap) for one in found if (swap := _swap_of(one)))
        self.names.fill((pair_of(swap.symbol), name) for name, swap in self._swaps.items())

    async def _instruments_after(self, cursor: str) -> Instruments:
        asked: dict[str, str | int] = {"limit": _PAGE} | ({"cursor": cursor} if cursor else {})
        _, page = await self._get("/v5/market/instruments-info", asked, Instruments)
        return page

    async def candles(self, symbol: str, since_us: int, until_us: int) -> list[CandleRow]:
        """See `base.Exchange`. Bybit says the newest first and does not say which is still open: time tells."""
        name = self.names.theirs(symbol)
        check_span(self.name, since_us, until_us)
        rows: list[CandleRow] = []
        for begin in range(since_us, until_us, _PAGE * MINUTE_US):
            rows += await self._page(name, begin, min(begin + _PAGE * MINUTE_US, until_us))
        return rows_between(rows, since_us, until_us)

    async def _page(self, name: str, since_us: int, until_us: int) -> list[CandleRow]:
        asked: dict[str, str | int] = {"symbol": name, "interval": "1", "limit": _PAGE}
        asked |= {"start": -(-since_us // 1000), "end": (until_us - 1) // 1000}
        at, page = await self._get("/v5/market/kline", asked, Rows)
        symbol, now_us = self._swaps[name].symbol, self._at.now_us()
        with readable(self.name):
            rows = [candle_of(_long(row), symbol, now_us) for row in page.rows]
            told_us = micros_of(at)
        return [row for row in rows if row.end_us <= told_us]

    async def quote(self, symbol: str) -> Quote:
        """See `base.Exchange`."""
        swap, at, one = await self._ticker(symbol)
        with readable(self.name):
            bid, ask = side_of(one.bid1_price), side_of(one.ask1_price)
            return Quote(swap.symbol, bid, ask, micros_of(at), self._at.now_us())

    async def funding(self, symbol: str) -> Funding:
        """See `base.Exchange`."""
        swap, at, one = await self._ticker(symbol)
        with readable(self.name):
            return funding_of(one, swap.symbol, micros_of(at), self._at.now_us())

    async def open_interest(self, symbol: str) -> OpenInterest:
        """See `base.Exchange`."""
        swap, at, one = await self._ticker(symbol)
        with readable(self.name):
            value = decimal_of(one.open_interest)
            return OpenInterest(swap.symbol, value, swap.base, micros_of(at), self._at.now_us())

    async def _ticker(self, symbol: str) -> tuple[Swap, int, Prices]:
        name = self.names.theirs(symbol)
        at, found = await self._get("/v5/market/tickers", {"symbol": name}, Tickers)
        if not found.found:
            raise RequestFailed(f"bybit has nothing to say about {name}")
        return self._swaps[name], at, found.found[0]

    async def _get(self, path: str, params: Mapping[str, str | int], form: type[Form]) -> tuple[int, Form]:
        """The provider's time in milliseconds, and what is in the envelope."""
        got = await self._rest.get(path, {"category": "linear", **params})
        if got.status == _FORBIDDEN:
            raise RateLimited("bybit refuses this address: too often, or not from here (403)", _LOCKED_OUT_S)
        envelope = self._rest.decode(got.body, Envelope)
        if envelope.ret_code == _OK:
            return envelope.time, self._rest.decode(bytes(envelope.result), form)
        said = f"bybit: {envelope.ret_msg or 'refused'} ({envelope.ret_code})"
        if envelope.ret_code in _TOO_OFTEN:
            raise RateLimited(said, 5.0)
        raise RequestFailed(said) if envelope.ret_code in _ITS_OWN else RequestRefused(said)


def _long(row: list[str]) -> list[str]:
    """A row with all the columns that are read."""
    return row if len(row) > 5 else [""] * 6


def _swap_of(one: Instrument) -> Swap | None:
    """A perpetual that trades, in one of our quotes; USDC perpetuals are called BTCPERP here."""
    pair = swap_named(f"{one.base_coin}-{one.settle_coin}-SWAP")
    is_ours = one.contract_type == "LinearPerpetual" and one.status == "Trading"
    return Swap(pair.ours, pair.base) if is_ours and pair is not None else None
