"""Stretches of time that nobody saw as they happened, and which minutes they touch. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from market.units import MINUTE_US, SECOND_US


class Gap(NamedTuple):
    """Nothing was seen within [begin, end)."""

    begin_us: int
    end_us: int


class Gaps:
    """Of one symbol, oldest first; those that all is told of are forgotten."""

    def __init__(self, gaps: Iterable[Gap] = ()) -> None:
        self._gaps = list(gaps)

    def known(self) -> list[Gap]:
        """For the next process."""
        return list(self._gaps)

    def add(self, begin_us: int, end_us: int) -> None:
        """A stretch is over."""
        if end_us > begin_us:
            self._gaps.append(Gap(begin_us, end_us))

    def seconds_in(self, minute_us: int) -> float | None:
        """How long the gaps are that touch a minute, from their begin to their end; None if there are none."""
        touching = [one for one in self._gaps if _touches(one, minute_us)]
        return sum(one.end_us - one.begin_us for one in touching) / SECOND_US if touching else None

    def forget_before(self, us: int) -> None:
        """Everything up to there is told."""
        self._gaps = [one for one in self._gaps if one.end_us > us]


def _touches(gap: Gap, minute_us: int) -> bool:
    return gap.begin_us < minute_us + MINUTE_US and gap.end_us > minute_us
