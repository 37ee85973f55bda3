"""One life of a provider's stream, as a task that can be waited for beside other things."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from market.ending import ended
from market.exchanges.base import Exchange, Message, Quote, Tick


class Connection:
    """Begun at once. spoke: set with the first trade or quote."""

    def __init__(self, exchange: Exchange, symbols: Iterable[str], take: Callable[[Message], None]) -> None:
        self.exchange = exchange
        self.symbols = frozenset(symbols)
        self.spoke = asyncio.Event()
        self._take = take
        self.task = asyncio.create_task(exchange.stream(sorted(self.symbols), self._heard))

    async def follow(self, symbols: frozenset[str]) -> None:
        """These from now on."""
        if symbols != self.symbols:
            await self.exchange.follow(sorted(symbols))
            self.symbols = symbols

    async def end(self) -> None:
        """Whatever it is doing, and however that ends. Whoever waits for it may be cancelled."""
        await ended([self.task])

    def _heard(self, message: Message) -> None:
        if isinstance(message, Tick | Quote):
            self.spoke.set()
        self._take(message)


async def first_of(task: asyncio.Task[None], *events: asyncio.Event, within_s: float) -> None:
    """Until the task is done or an event is set, or the time is over."""
    waits = [asyncio.create_task(_set(event)) for event in events]
    try:
        waited: list[asyncio.Task[Any]] = [task, *waits]
        await asyncio.wait(waited, timeout=max(within_s, 0), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _set(event: asyncio.Event) -> None:
    await event.wait()
