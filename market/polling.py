"""Funding and open interest of every symbol, once a minute: what a stream brought lately, or else by a question."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeVar

from market.exchanges.base import Exchange, Funding, OpenInterest
from market.exchanges.errors import ExchangeError
from market.judging import judged_funding, judged_interest
from market.markets import Markets
from market.sources import Source
from signaltape.plain_errors import one_line

Read = TypeVar("Read", Funding, OpenInterest)
_SECOND_US = 1_000_000
POLL_EVERY_US = 60 * _SECOND_US
_MOST_WORDS = 200


class _Kind(NamedTuple):
    """What is asked, and what of it lies in a source already."""

    lately: Callable[[Source], Funding | OpenInterest | None]
    ask: Callable[[Exchange, str], Awaitable[Funding | OpenInterest]]


_FUNDING = _Kind(lambda source: source.funding, lambda exchange, symbol: exchange.funding(symbol))
_INTEREST = _Kind(
    lambda source: source.open_interest, lambda exchange, symbol: exchange.open_interest(symbol)
)


class Polling:
    """When each symbol is due."""

    def __init__(self, markets: Markets) -> None:
        self._markets = markets
        self._next_us: dict[str, int] = {}

    def due(self, now_us: int) -> list[str]:
        """Symbols that have a provider and were not asked for within the last minute."""
        followers = self._markets.followers
        self._next_us = {symbol: us for symbol, us in self._next_us.items() if symbol in followers}
        due = [
            symbol
            for symbol, one in followers.items()
            if one.choice.provider is not None and now_us >= self._next_us.get(symbol, 0)
        ]
        self._next_us |= dict.fromkeys(due, now_us + POLL_EVERY_US)
        return due

    async def poll(self, symbol: str, now_us: int) -> None:
        """Ask and emit both; what nobody tells is left out."""
        for kind in (_FUNDING, _INTEREST):
            if symbol in self._markets.followers:
                found = await self._found(kind, symbol, now_us)
                if found is not None and symbol in self._markets.followers:
                    self._tell(*found, symbol)

    async def _found(
        self, kind: _Kind, symbol: str, now_us: int
    ) -> tuple[str, Funding | OpenInterest, list[str]] | None:
        reasons: list[str] = []
        for name in self._markets.beside(symbol):
            lately = kind.lately(self._markets.followers[symbol].source(name))
            if lately is not None and now_us - lately.received_us < POLL_EVERY_US:
                return name, lately, reasons
            try:
                feed = self._markets.feeds[name]
                return name, await feed.ask(lambda exchange: kind.ask(exchange, symbol)), reasons
            except ExchangeError as error:
                reasons.append(f"{name}: {one_line(error)}"[:_MOST_WORDS])
            if symbol not in self._markets.followers:
                return None
        return None

    def _tell(self, name: str, said: Funding | OpenInterest, reasons: Sequence[str], symbol: str) -> None:
        spellings = self._markets.spellings[symbol]
        why = reasons or self._not_first(name, symbol)
        if isinstance(said, Funding):
            self._markets.emitting.funding(name, said, judged_funding(said, why), spellings)
        else:
            self._markets.emitting.interest(name, said, judged_interest(said, why), spellings)

    def _not_first(self, name: str, symbol: str) -> Sequence[str]:
        choice = self._markets.followers[symbol].choice
        return choice.reasons if choice.provider == name else ()
