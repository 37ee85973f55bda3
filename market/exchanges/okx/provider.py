"""OKX: its list of swaps, its stream, and what it is asked over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from msgspec import Raw, Struct

from market.exchanges.base import CandleRow, Funding, OpenInterest, Quote
from market.exchanges.dialect import Dialect
from market.exchanges.errors import RateLimited, RequestFailed, RequestRefused
from market.exchanges.naming import pair_of, swap_named
from market.exchanges.numbers import decimal_of, micros_of, side_of
from market.exchanges.okx.dialects import BUSINESS, PUBLIC, OkxDialect
from market.exchanges.okx.frames import Interest, Rate, Row, Swap, candle_of, funding_of, interest_of
from market.exchanges.provider import Provider, Surroundings
from market.exchanges.reading import check_span, readable, rows_between

Form = TypeVar("Form")
_PAGE, _MOST_PAGES = 300, 110
#: /candles holds the newest 1,440 only.
_RECENT_US = 1_400 * 60_000_000
_OK, _TOO_OFTEN = "0", ("50011", "50061")
#: Of its own troubles; what else it says (51001: no such instrument) is about the question.
_ITS_OWN = ("50001", "50004", "50005", "50013", "50026")


class Envelope(Struct, frozen=True, rename="camel"):
    code: str
    msg: str = ""
    data: Raw = Raw(b"[]")


class Instrument(Struct, frozen=True, rename="camel"):
    inst_id: str
    ct_val: str = ""
    ct_mult: str = "1"
    ct_type: str = ""
    ct_val_ccy: str = ""
    state: str = ""


class Ticker(Struct, frozen=True, rename="camel"):
    bid_px: str
    ask_px: str
    ts: str


class Okx(Provider):
    """See `base.Exchange`."""

    def __init__(self, surroundings: Surroundings, rest: str, ws: str) -> None:
        super().__init__("okx", surroundings, rest, ws)
        self._swaps: dict[str, Swap] = {}

    def _dialects(self) -> Iterable[Dialect]:
        return (OkxDialect(PUBLIC, self._swaps), OkxDialect(BUSINESS, self._swaps))

    async def load(self) -> None:
        """See `base.Exchange`."""
        data = await self._get("/api/v5/public/instruments", {"instType": "SWAP"})
        found = self._rest.decode(bytes(data), list[Instrument])
        self._swaps.clear()
        self._swaps.update((one.inst_id, swap) for one in found if (swap := _swap_of(one)))
        self.names.fill((pair_of(name), name) for name in self._swaps)

    async def candles(self, symbol: str, since_us: int, until_us: int) -> list[CandleRow]:
        """See `base.Exchange`. OKX says the newest first, and pages backwards from `after`."""
        name = self.names.theirs(symbol)
        check_span(self.name, since_us, until_us)
        recent = since_us > self._at.now_us() - _RECENT_US
        path = "/api/v5/market/candles" if recent else "/api/v5/market/history-candles"
        rows: list[CandleRow] = []
        after_ms = -(-until_us // 1000)
        for _ in range(_MOST_PAGES):
            page = await self._page(path, name, after_ms)
            rows += self._closed(page, name)
            if not page or (after_ms := min(_begin_ms(row) for row in page)) * 1000 <= since_us:
                return rows_between(rows, since_us, until_us)
        raise RequestFailed(f"okx: more than {_MOST_PAGES} pages of candles")

    async def _page(self, path: str, name: str, after_ms: int) -> list[Row]:
        asked: dict[str, str | int] = {"instId": name, "bar": "1m", "after": after_ms, "limit": _PAGE}
        return self._rest.decode(bytes(await self._get(path, asked)), list[Row])

    def _closed(self, page: list[Row], name: str) -> list[CandleRow]:
        symbol, now_us = self._swaps[name].symbol, self._at.now_us()
        with readable(self.name):
            return [row for each in page if (row := candle_of(each, symbol, now_us))]

    async def quote(self, symbol: str) -> Quote:
        """See `base.Exchange`."""
        name = self.names.theirs(symbol)
        one = await self._one("/api/v5/market/ticker", {"instId": name}, Ticker)
        with readable(self.name):
            bid, ask = side_of(one.bid_px), side_of(one.ask_px)
            return Quote(self._swaps[name].symbol, bid, ask, micros_of(one.ts), self._at.now_us())

    async def funding(self, symbol: str) -> Funding:
        """See `base.Exchange`."""
        name = self.names.theirs(symbol)
        one = await self._one("/api/v5/public/funding-rate", {"instId": name}, Rate)
        with readable(self.name):
            return funding_of(one, self._swaps[name], self._at.now_us())

    async def open_interest(self, symbol: str) -> OpenInterest:
        """See `base.Exchange`."""
        name = self.names.theirs(symbol)
        asked = {"instType": "SWAP", "instId": name}
        one = await self._one("/api/v5/public/open-interest", asked, Interest)
        with readable(self.name):
            return interest_of(one, self._swaps[name], self._at.now_us())

    async def _one(self, path: str, params: Mapping[str, str | int], form: type[Form]) -> Form:
        found = self._rest.decode(bytes(await self._get(path, params)), list[form])  # type: ignore[valid-type]
        if not found:
            raise RequestFailed(f"okx has nothing to say to {path}")
        return found[0]

    async def _get(self, path: str, params: Mapping[str, str | int]) -> Raw:
        """What is in the envelope, whatever the status was: OKX says with a code what is wrong."""
        got = await self._rest.get(path, params)
        envelope = self._rest.decode(got.body, Envelope)
        if envelope.code == _OK:
            return envelope.data
        said = f"okx: {envelope.msg or 'refused'} ({envelope.code})"
        if envelope.code in _TOO_OFTEN:
            raise RateLimited(said, 2.0)
        raise RequestFailed(said) if envelope.code in _ITS_OWN else RequestRefused(said)


def _begin_ms(row: Row) -> int:
    with readable("okx"):
        return micros_of(row[0] if row else "") // 1000


def _swap_of(one: Instrument) -> Swap | None:
    """A live linear perpetual in one of our quotes, with a contract size that is one; None of anything else."""
    pair = swap_named(one.inst_id) if one.ct_type == "linear" and one.state == "live" else None
    size = decimal_of(one.ct_val) * decimal_of(one.ct_mult or "1")
    if pair is None or pair.ours != one.inst_id or one.ct_val_ccy != pair.base:
        return None
    if size.is_nan() or size <= 0:
        return None
    return Swap(one.inst_id, pair.base, size)
