"""Which provider a symbol's bars are taken from now, and why it is not the first. Pure.

The first provider of the order that is well. One that is only slow is used where no other is well; one that came back
has to be well for a while before it is used again, so that bars do not change hands every second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_SECOND_US = 1_000_000
#: So long a provider has to be well before another that is well is left for it.
WELL_FOR_US = 10 * _SECOND_US
#: At first, so long the first provider is waited for.
START_US = 2 * _SECOND_US


class Standing(NamedTuple):
    """How a provider stands with one symbol now. trouble: why it cannot be used; empty if it can.

    slow: why it should not be where another is well.
    """

    provider: str
    trouble: str = ""
    slow: str = ""

    @property
    def is_well(self) -> bool:
        """Nothing speaks against it."""
        return not self.trouble and not self.slow


class Choice(NamedTuple):
    """Whom to take; None for nobody. reasons: what is wrong with those before it, and with itself."""

    provider: str | None
    reasons: tuple[str, ...] = ()


class Failover:
    """Of one symbol. now_us: of a clock that is never set back."""

    def __init__(self, began_us: int) -> None:
        self._began_us = began_us
        self._well_since: dict[str, int] = {}
        self.current: str | None = None
        self.changes = 0

    def choose(self, standings: Sequence[Standing], now_us: int) -> Choice:
        """By how all stand that know the symbol, in the order of preference."""
        self._note(standings, now_us)
        chosen = self._chosen(standings, now_us)
        if chosen != self.current:
            self.changes += self.current is not None
            self.current = chosen
        return Choice(chosen, _reasons(standings, chosen))

    def _note(self, standings: Sequence[Standing], now_us: int) -> None:
        well = {one.provider for one in standings if one.is_well}
        self._well_since = {name: self._well_since.get(name, now_us) for name in well}

    def _chosen(self, standings: Sequence[Standing], now_us: int) -> str | None:
        well = [one.provider for one in standings if one.is_well]
        usable = [one.provider for one in standings if not one.trouble]
        if self.current in well:
            return self._better(well, now_us)
        if self.current is None and now_us < self._began_us + START_US:
            first = standings[0].provider if standings else None
            return first if first in usable else None
        if not well and self.current in usable:
            return self.current
        return next(iter(well), None) or next(iter(usable), None)

    def _better(self, well: Sequence[str], now_us: int) -> str | None:
        """The current one, or one before it that has been well for long."""
        before = well[: well.index(self.current or "")]
        long = (name for name in before if now_us - self._well_since[name] >= WELL_FOR_US)
        return next(long, self.current)


def _reasons(standings: Sequence[Standing], chosen: str | None) -> tuple[str, ...]:
    """Empty only if the first is used and is well."""
    reasons: list[str] = []
    for one in standings:
        wrong = one.trouble or one.slow
        if one.provider == chosen:
            return tuple(reasons + ([f"{chosen} {wrong}"] if wrong else []))
        reasons.append(f"{one.provider} {wrong or 'was not well a moment ago'}")
    return tuple(reasons) if reasons else ("no provider has it",)
