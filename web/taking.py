"""Dead letters requeued or dropped, if exactly those are there that were shown; and what came of it."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from signaltape.settings import Settings
from sink.dead_letters import Filter, Shown
from worker.operations import drop_dead_letters, requeue_dead_letters

WAYS = ("requeue", "drop")


class Taken(NamedTuple):
    """What came of letters that were taken. done: how many went; refused: why each of the others stays."""

    way: str
    done: int
    refused: list[str]
    shown: Shown

    @property
    def untouched(self) -> int:
        """Letters that were shown and that others took meanwhile."""
        return self.shown.letters - self.done - len(self.refused)

    @property
    def said(self) -> str:
        """In words, for the audit."""
        done = {"requeue": "requeued", "drop": "dropped"}[self.way]
        stay = f", {len(self.refused)} stay: {self.refused[0]}" if self.refused else ""
        return f"{done} {self.done} of {self.shown.letters}{stay}"


async def take(settings: Settings, way: str, which: Filter, shown: Shown, *, everything: bool) -> Taken:
    """Do it, if exactly the letters that were shown are there. Raises NotAllowedNow, RedisUnavailable."""
    if way == "drop":
        dropped = await asyncio.to_thread(
            drop_dead_letters, settings, which, shown=shown, everything=everything
        )
        return Taken(way, dropped, [], shown)
    done = await asyncio.to_thread(requeue_dead_letters, settings, which, shown=shown, everything=everything)
    return Taken(way, done.requeued, done.refused, shown)
