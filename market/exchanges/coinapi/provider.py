"""CoinAPI: the perpetuals of one exchange, asked over HTTP. It streams nothing to us, and has no trades."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TypeVar

from market.exchanges.base import CandleRow, Funding, OpenInterest, Quote, Sink
from market.exchanges.coinapi.answers import Candle, Prices, Symbol, candle_of, pair_traded, quote_of, text_of
from market.exchanges.errors import RateLimited, RequestFailed, RequestRefused, StreamFailed
from market.exchanges.provider import Provider, Surroundings
from market.exchanges.reading import MINUTE_US, check_span, readable, rows_between
from signaltape.settings import Secret

Form = TypeVar("Form")
#: A candle comes some moments after its end.
_LATE_US = 5_000_000


class CoinApi(Provider):
    """See `base.Exchange`. exchange: as CoinAPI calls it (`BINANCEFTS`); its symbols are those that are followed."""

    has_trades = False

    def __init__(self, surroundings: Surroundings, rest: str, key: Secret, exchange: str) -> None:
        super().__init__("coinapi", surroundings, rest, headers={"X-CoinAPI-Key": key.reveal()})
        self._prefix = f"{exchange}_PERP_"
        self._symbols: list[str] = []

    async def load(self) -> None:
        """See `base.Exchange`."""
        found = await self._get("/v1/symbols", {"filter_symbol_id": self._prefix}, list[Symbol])
        mine = [one for one in found if one.symbol_id.startswith(self._prefix)]
        self.names.fill((pair, one.symbol_id) for one in mine if (pair := pair_traded(one)))

    async def stream(self, symbols: Iterable[str], sink: Sink) -> None:
        """See `base.Exchange`. Every few seconds the quotes, and every minute the candle that has ended."""
        await self.follow(symbols)
        minute_us = self._minute_us()
        while True:
            try:
                await self._quotes(sink)
                if self._minute_us() > minute_us:
                    await self._candles(minute_us, self._minute_us(), sink)
                    minute_us = self._minute_us()
            except RateLimited as error:
                await asyncio.sleep(error.wait_s)
            except RequestFailed as error:
                raise StreamFailed(str(error)) from error
            await asyncio.sleep(self._at.patience.poll_s)

    def _minute_us(self) -> int:
        """The begin of the oldest minute of which there may not be a candle yet."""
        return (self._at.now_us() - _LATE_US) // MINUTE_US * MINUTE_US

    async def _quotes(self, sink: Sink) -> None:
        for symbol in tuple(self._symbols):
            sink(await self.quote(symbol))

    async def _candles(self, since_us: int, until_us: int, sink: Sink) -> None:
        for symbol in tuple(self._symbols):
            for row in await self.candles(symbol, since_us, until_us):
                sink(row)

    async def follow(self, symbols: Iterable[str]) -> None:
        """See `base.Exchange`."""
        wanted = list(symbols)
        self._instruments(wanted)
        self._symbols = wanted

    async def candles(self, symbol: str, since_us: int, until_us: int) -> list[CandleRow]:
        """See `base.Exchange`."""
        name = self.names.theirs(symbol)
        check_span(self.name, since_us, until_us)
        begin_us, end_us = since_us // MINUTE_US * MINUTE_US, -(-until_us // MINUTE_US) * MINUTE_US
        asked: dict[str, str | int] = {"period_id": "1MIN", "limit": (end_us - begin_us) // MINUTE_US + 1}
        asked |= {"time_start": text_of(begin_us), "time_end": text_of(end_us)}
        page = await self._get(f"/v1/ohlcv/{name}/history", asked, list[Candle])
        now_us = self._at.now_us()
        with readable(self.name):
            found = [candle_of(one, self.names.ours(name), now_us) for one in page]
        return rows_between((row for row in found if row.end_us <= now_us), since_us, until_us)

    async def quote(self, symbol: str) -> Quote:
        """See `base.Exchange`."""
        name = self.names.theirs(symbol)
        one = await self._get(f"/v1/quotes/{name}/current", {}, Prices)
        with readable(self.name):
            return quote_of(one, self.names.ours(name), self._at.now_us())

    async def funding(self, symbol: str) -> Funding:
        """See `base.Exchange`."""
        raise RequestRefused(f"coinapi is not asked for the funding of {self.names.theirs(symbol)}")

    async def open_interest(self, symbol: str) -> OpenInterest:
        """See `base.Exchange`."""
        raise RequestRefused(f"coinapi is not asked for the open interest of {self.names.theirs(symbol)}")

    async def _get(self, path: str, params: Mapping[str, str | int], form: type[Form]) -> Form:
        return self._rest.read(await self._rest.get(path, params), form)
