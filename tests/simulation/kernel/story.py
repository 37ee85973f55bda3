"""What happened, line by line, so that a person can follow how it came to a loss."""

from __future__ import annotations

from typing import NamedTuple

from tests.simulation.kernel.machines import NS
from tests.simulation.kernel.scheduler import Scheduler


class Line(NamedTuple):
    """One thing that happened."""

    step: int
    seconds: float
    who: str
    what: str

    def __str__(self) -> str:
        return f"step {self.step:>7} {self.seconds:>10.4f}s  {self.who}: {self.what}"


class Story:
    """The lines of one run.

    most: the oldest lines beyond so many are dropped, a half of them at once.
    """

    def __init__(self, scheduler: Scheduler, most: int = 200_000) -> None:
        self._scheduler = scheduler
        self._most = most
        self.lines: list[Line] = []

    def tell(self, who: str, what: str) -> None:
        """Note what happened, now."""
        scheduler = self._scheduler
        self.lines.append(Line(scheduler.steps, scheduler.now_ns / NS, who, what))
        if len(self.lines) > self._most:
            del self.lines[: self._most // 2]

    def last(self, count: int) -> str:
        """Its last lines."""
        return "\n".join(map(str, self.lines[-count:]))
