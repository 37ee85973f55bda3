"""What an answer was made by: versions of the API, of the model and of the rules, on every answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from signaltape.http.header_values import header_text

API_VERSION = "1"
#: How long what the newest signal says is believed.
_FRESH_S = 30.0


class Newest(NamedTuple):
    """What the newest signal was made by; None where it does not say."""

    model: str | None = None
    features: str | None = None
    rules: str | None = None


class Versions:
    """The version headers; asks for the newest signal's now and then, beside the answers."""

    def __init__(self, ask: Callable[[], Awaitable[Newest]]) -> None:
        self._ask = ask
        self._newest = Newest()
        self._asked_at: float | None = None
        self._asking: asyncio.Task[None] | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Headers of an answer. Never waits."""
        self._refresh()
        return {
            "X-API-Version": API_VERSION,
            "X-Model-Version": header_text(self._newest.model),
            "X-Features-Version": header_text(self._newest.features),
            "X-Rules-Version": header_text(self._newest.rules),
        }

    async def close(self) -> None:
        """Give up a question that is under way."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _refresh(self) -> None:
        stale = self._asked_at is None or time.monotonic() - self._asked_at > _FRESH_S
        if stale and (self._asking is None or self._asking.done()):
            self._asked_at = time.monotonic()
            self._asking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        try:
            self._newest = await self._ask()
        except Exception:  # noqa: BLE001 - what was known still holds; pages say what is away
            return
