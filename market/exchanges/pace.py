"""Not more often than so: who comes too early waits for its turn, in the order of coming."""

from __future__ import annotations

import asyncio


class Pace:
    """Lets one through every `every_s` seconds."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._next_at = 0.0

    async def wait(self) -> None:
        """Until it is this one's turn."""
        now = asyncio.get_running_loop().time()
        turn = max(now, self._next_at)
        self._next_at = turn + self._every_s
        if turn > now:
            await asyncio.sleep(turn - now)
