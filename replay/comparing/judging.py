"""Identical, different, or not to be said: a run as far as it is known beside its recording. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from replay.comparing.comparing import Compared, compare
from replay.comparing.matching import Happening
from replay.comparing.runs import Known

Verdict = Literal["identical", "different", "unknown"]
#: The recorded events up to a moment, or all.
Recorded = Callable[[datetime | None], Iterable[Happening]]


class Judged(NamedTuple):
    """A comparison with what it is worth.

    why: why the whole run is not known; until: as far as it is; sure: whether a difference before that is one.
    """

    found: Compared
    why: str | None
    until: datetime | None
    sure: bool

    @property
    def verdict(self) -> Verdict:
        """Identical only if all is known and nothing differs."""
        if self.sure and self.found.first is not None:
            return "different"
        return "unknown" if self.why is not None or not self.sure else "identical"


def judge(recorded: Recorded, known: Known, within: timedelta) -> Judged:
    """Compare as far as can be."""

    def _up_to(until: datetime | None) -> Compared:
        last = None if until is None else until + within
        emitted = [one for one in known.happenings if last is None or one.ts <= last]
        return compare(recorded(last), emitted, within, until)

    found = _up_to(known.until)
    if known.tail is None or known.why is not None or found.first is None:
        return Judged(found, known.why, known.until, known.sure)
    return Judged(_up_to(known.tail), known.tail_why, known.tail, sure=True)
