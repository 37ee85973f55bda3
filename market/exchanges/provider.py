"""What all providers with websockets have in common: a stream is the life of a few lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import aiohttp
from msgspec import Struct

from market.exchanges.base import Sink
from market.exchanges.dialect import Dialect
from market.exchanges.first import first_to_end
from market.exchanges.line import Line
from market.exchanges.naming import Names
from market.exchanges.pace import Pace
from market.exchanges.patience import Patience
from market.exchanges.refusals import Refusals
from market.exchanges.rest import Rest
from signaltape.notices import Notices


class Surroundings(Struct, frozen=True, kw_only=True):
    """What a provider needs of its process. now_us: the wall clock in microseconds since 1970."""

    session: aiohttp.ClientSession
    now_us: Callable[[], int]
    notices: Notices
    patience: Patience = Patience()


class Provider:
    """The part of a provider that is the same for all: names, refusals, and the lines of its stream."""

    has_trades = True

    def __init__(
        self,
        name: str,
        surroundings: Surroundings,
        rest: str,
        ws: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.names = Names(name)
        self._ws = ws
        self._at = surroundings
        self._refusals = Refusals(name, surroundings.notices)
        self._rest = Rest(name, rest, surroundings.session, surroundings.patience, headers)
        self._pace = Pace(surroundings.patience.pace_s)
        self._lines: tuple[Line, ...] = ()

    @property
    def refused(self) -> Mapping[str, int]:
        """What was sent and could not be read, by kind."""
        return self._refusals.counts

    def _dialects(self) -> Iterable[Dialect]:
        """One for each websocket that a stream needs; none where a provider is only asked."""
        return ()

    async def stream(self, symbols: Iterable[str], sink: Sink) -> None:
        """See `base.Exchange`."""
        instruments = self._instruments(symbols)
        self._lines = tuple(self._line(dialect) for dialect in self._dialects())
        self._follow(instruments)
        try:
            await first_to_end(*(line.run(sink) for line in self._lines))
        finally:
            self._lines = ()

    async def follow(self, symbols: Iterable[str]) -> None:
        """See `base.Exchange`."""
        self._follow(self._instruments(symbols))

    async def close(self) -> None:
        """See `base.Exchange`: a stream closes its connections itself when it is cancelled."""

    def _follow(self, instruments: Iterable[str]) -> None:
        for line in self._lines:
            line.follow(instruments)

    def _instruments(self, symbols: Iterable[str]) -> list[str]:
        return [self.names.theirs(symbol) for symbol in symbols]

    def _line(self, dialect: Dialect) -> Line:
        return Line(
            self.name,
            self._ws,
            dialect,
            session=self._at.session,
            now_us=self._at.now_us,
            patience=self._at.patience,
            pace=self._pace,
            refusals=self._refusals,
        )
