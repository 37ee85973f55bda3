"""Prices at which something may happen, sorted, so that a bar finds those that it reaches at once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from decimal import Decimal

_BEYOND_ALL = float("inf")


class Levels:
    """What waits for a low (`down`) or a high (`up`) of a symbol, and for the time (`due`). By number."""

    def __init__(self) -> None:
        self._down: list[tuple[Decimal, int]] = []
        self._up: list[tuple[Decimal, int]] = []
        self._due: list[tuple[int, int]] = []
        self._of: dict[int, tuple[Decimal | None, Decimal | None, int | None]] = {}
        #: what every bar concerns
        self.restless: set[int] = set()

    def put(self, number: int, down: Decimal | None, up: Decimal | None, due_us: int | None) -> None:
        """From now on it waits for these, and for nothing else."""
        known = self._of.get(number)
        if known == (down, up, due_us):
            return
        self.drop(number)
        self._of[number] = down, up, due_us
        if down is not None:
            insort(self._down, (down, number))
        if up is not None:
            insort(self._up, (up, number))
        if due_us is not None:
            insort(self._due, (due_us, number))

    def drop(self, number: int) -> None:
        """It waits for nothing any more."""
        down, up, due_us = self._of.pop(number, (None, None, None))
        if down is not None:
            _remove(self._down, (down, number))
        if up is not None:
            _remove(self._up, (up, number))
        if due_us is not None:
            _remove_due(self._due, (due_us, number))

    def reached(self, high: Decimal, low: Decimal, until_us: int) -> list[int]:
        """The numbers of all that a bar may change, in order."""
        down, up, due = self._down, self._up, self._due
        if not (
            (down and down[-1][0] >= low)
            or (up and up[0][0] <= high)
            or (due and due[0][0] <= until_us)
            or self.restless
        ):
            return []
        found = set(self.restless)
        found.update(number for _, number in down[bisect_left(down, (low, -1)) :])
        found.update(number for _, number in up[: bisect_right(up, (high, _BEYOND_ALL))])
        found.update(number for _, number in due[: bisect_right(due, (until_us, _BEYOND_ALL))])
        return sorted(found)


def _remove(levels: list[tuple[Decimal, int]], one: tuple[Decimal, int]) -> None:
    del levels[bisect_left(levels, one)]


def _remove_due(levels: list[tuple[int, int]], one: tuple[int, int]) -> None:
    del levels[bisect_left(levels, one)]
