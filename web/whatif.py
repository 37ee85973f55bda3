"""What if in this process, where no `replay serve` runs: one at a time, and it ends when nobody waits any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from decimal import Decimal

from reports.operations.compared import WhatIf
from reports.operations.rules import what_if
from reports.operations.shown import Week
from signaltape.errors import Stopped
from signaltape.settings import Settings
from web.asking import asked
from web.http.problems import Problem

MOST_WEEKS = 520
#: So long one waits for the one before; so long it may take.
_TURN_S, _WITHIN_S = 10.0, 60.0
_BUSY = "Another what-if is being computed. Try again in a moment."
_TOO_LONG = "It took longer than a minute. Ask for fewer weeks, or start python -m replay serve: that may take longer."


class WhatIfs:
    """All of a process."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def compare(
        self, settings: Settings, newest: Week, weights: Mapping[str, Decimal], weeks: int
    ) -> WhatIf:
        """Both scorecards. Raises NotFound, Problem (503) where it takes too long or another one does."""
        try:
            await asyncio.wait_for(self._turn.acquire(), _TURN_S)
        except TimeoutError:
            raise Problem(503, _BUSY, headers={"Retry-After": "10"}) from None
        try:
            return await self._compare(settings, newest, weights, weeks)
        finally:
            self._turn.release()

    async def _compare(
        self, settings: Settings, newest: Week, weights: Mapping[str, Decimal], weeks: int
    ) -> WhatIf:
        stop = threading.Event()
        timer = asyncio.get_running_loop().call_later(_WITHIN_S, stop.set)
        try:
            return await asked(what_if, settings, newest, weights, weeks, stop=stop)
        except Stopped:
            raise Problem(503, _TOO_LONG) from None
        finally:
            timer.cancel()
            stop.set()
