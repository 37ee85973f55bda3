"""A Telegram that is slow, silent, blocked, or refuses all, each in a chat of its own; and alerts for each of them."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from signaltape import Emitter, Settings
from tests.support.botapi import BotServer, _error
from tests.support.samples import new_id

#: By the category of what goes there.
SLOW, SILENT, BLOCKED, REFUSING, OWN = 201, 202, 203, 204, 101
CATEGORY = {SLOW: "institutional", SILENT: "sniper", BLOCKED: "scalp", REFUSING: "health"}
_SLOW_S = 9.0


class Chats(BotServer):
    """Trouble by chat; without any, all is well."""

    def __init__(self) -> None:
        super().__init__()
        self.trouble: set[int] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """As the chat is now."""
        chat = int((await request.json()).get("chat_id", 0)) if request.method == "POST" else 0
        if chat in self.trouble and chat == BLOCKED:
            return _error(403, "Forbidden: bot was blocked by the user")
        if chat in self.trouble and chat == REFUSING:
            return _error(400, "Bad Request: PEER_ID_INVALID")
        if chat in self.trouble and chat == SLOW:
            await asyncio.sleep(_SLOW_S)
        answer = await super().handle(request)
        if chat in self.trouble and chat == SILENT:
            await asyncio.sleep(3600)  # carried out, and never answered
        return answer


class Alerts:
    """An engine that wants traders to be told: of each kind one, and then now and then one for the slow chat."""

    def __init__(self, settings: Settings) -> None:
        self._tape = Emitter(settings, control=False)
        self._stop = threading.Event()
        self._wait_s = 40.0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def begin(self) -> None:
        """From now on, for the slow chat."""
        self._thread.start()

    def tell(self, chat: int) -> None:
        """One for a chat."""
        self._alert(chat)

    def hurry(self) -> None:
        """So many that all come in time, that those which did not are few among them."""
        self._wait_s = 1.5

    def end(self) -> None:
        """No more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10)
        self._tape.close()

    def _run(self) -> None:
        waited = 0.0
        while not self._stop.wait(0.5):
            waited += 0.5
            if waited >= self._wait_s:
                self._alert(SLOW)
                waited = 0.0

    def _alert(self, chat: int) -> None:
        now = datetime.now(UTC)
        fields: dict[str, Any] = {
            "id": new_id(),
            "timestamp": now,
            "category": CATEGORY[chat],
            "symbol": "BTC-USDT",
            "side": "long",
            "confidence": 82,
            "entryLow": 64000,
            "entryHigh": 64200,
            "sl": 63100,
            "tp1": 66500,
            "tp2": 68000,
            "expiryMinutes": 60,
        }
        self._tape.record("alert", fields)
