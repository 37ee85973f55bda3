"""How far an engine's clock is behind the tape's, or ahead of it, by what it measured. Pure.

Windows end at the guard's now: what an engine says of a minute ago, or of later, nobody looks at. A record alone says
little of a clock, for it may have waited in a journal; that of two minutes none came sooner does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from guard.model.counting import whole
from guard.model.findings import Checked
from guard.model.slots import SLOT, begun

#: So long one that came in time speaks for its engine.
WITHIN = timedelta(minutes=2)
_NOTHING = timedelta()


class Lateness:
    """Of each engine and each ten seconds in which something arrived, by how much the soonest of it was late.

    Below zero it was ahead. Nothing of it is written down: a guard that is begun anew says nothing until it has read.
    """

    def __init__(self) -> None:
        self._soonest: dict[str, dict[datetime, timedelta]] = {}

    def take(self, engine: str, arrived: datetime, measured: datetime) -> None:
        """Note one record. arrived: when its entry was made, by Redis' clock; measured: when, by the engine's."""
        soonest, slot, late = self._soonest.setdefault(engine, {}), begun(arrived, SLOT), arrived - measured
        soonest[slot] = min(soonest.get(slot, late), late)

    def checked(self, now: datetime) -> Iterator[Checked]:
        """Both figures of each engine of which something arrived of late."""
        for engine, soonest in self._soonest.items():
            lates = [late for slot, late in soonest.items() if slot > now - WITHIN]
            if lates:
                yield _checked("measures_late_s", engine, min(lates))
                yield _checked("clock_ahead_s", engine, -max(lates))

    def forget(self, now: datetime) -> None:
        """Let go of what arrived before."""
        for engine, soonest in list(self._soonest.items()):
            for slot in [slot for slot in soonest if slot <= now - WITHIN]:
                del soonest[slot]
            if not soonest:
                del self._soonest[engine]


def _checked(figure: str, engine: str, by: timedelta) -> Checked:
    return Checked(figure, whole(engine), max(by, _NOTHING).total_seconds(), engine)
