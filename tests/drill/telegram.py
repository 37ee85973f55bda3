"""Telegram of a drill: the tests' Bot API server, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading

from tests.support.botapi import BotServer, bot_server


class Telegram:
    """Serves as long as the block lasts; `server` may be looked at, and given faults, from any thread."""

    def __init__(self) -> None:
        self.server: BotServer
        self._loop = asyncio.new_event_loop()
        self._ready, self._end = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._serve, name="telegram", daemon=True)

    def __enter__(self) -> Telegram:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _serve(self) -> None:
        self._loop.run_until_complete(self._until_end())
        self._loop.close()

    async def _until_end(self) -> None:
        async with bot_server() as self.server:
            self._ready.set()
            await self._end.wait()
