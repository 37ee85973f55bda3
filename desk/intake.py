"""The way in: updates are stored and committed before anybody is told that they were taken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from desk.heard import Heard
from desk.telegram import Telegram, TelegramAway
from desk.updates import Store, Stored
from signaltape.settings import Settings
from sink.db import CONNECTION_ERRORS, AsyncConnection, connect_async, database_url

log = logging.getLogger("desk")


class Intake:
    """Stores updates on a session of its own, which is made anew when it broke.

    wake: called for each that is new, so that it is acted on at once.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        telegram: Telegram,
        wake: Callable[[Heard], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._settings, self._store, self._telegram = settings, store, telegram
        self._wake, self._clock = wake, clock
        self._connection: AsyncConnection | None = None
        self._turn = asyncio.Lock()
        self._answering: set[asyncio.Task[None]] = set()

    async def take(self, updates: Sequence[object]) -> int | None:
        """Store them; the highest number, None if none has one. Raises CONNECTION_ERRORS, and nothing is stored."""
        async with self._turn:
            stored = await self._stored(updates)
        for one in stored.new:
            self._wake(one)
            if one.query_id:
                self._stop_spinner(one.query_id)
        return stored.highest

    async def close(self) -> None:
        """Let go of the session."""
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close()

    async def _stored(self, updates: Sequence[object]) -> Stored:
        if self._connection is None or self._connection.closed:
            self._connection = await connect_async(database_url(self._settings), name="signaltape-intake")
        try:
            return await self._store.take(self._connection, updates, self._clock())
        except CONNECTION_ERRORS:
            await self._connection.close()
            raise

    def _stop_spinner(self, query_id: str) -> None:
        """Nothing hangs on it: what is to be said comes as a message."""

        async def answer() -> None:
            try:
                await self._telegram.answer_press(query_id)
            except TelegramAway as error:
                log.debug("a button spins on: %s", error)

        task = asyncio.create_task(answer())
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)
