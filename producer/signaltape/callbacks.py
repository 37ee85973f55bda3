"""Whom an engine wants told when all is to pause or to go on: each once for each change, in order."""

from __future__ import annotations

import logging
from collections.abc import Callable

log = logging.getLogger("signaltape")

OnPause = Callable[[bool], object]


class _One:
    """One of them, and what it was told last; one that comes amid a pause has not been told of it."""

    __slots__ = ("call", "told")

    def __init__(self, call: OnPause) -> None:
        self.call = call
        self.told = False


class Callbacks:
    """Added to from any thread, called from one."""

    def __init__(self) -> None:
        self._all: list[_One] = []

    def add(self, call: OnPause) -> None:
        """Have it told from the next change on; of a pause that is on, at once."""
        self._all.append(_One(call))

    def tell(self, paused: bool) -> None:
        """Call all that were told something else. What one raises is logged, and is nothing to the others."""
        for one in list(self._all):
            if one.told != paused:
                one.told = paused  # before the call: whatever becomes of it, it is not made twice
                _call(one.call, paused)


def _call(call: OnPause, paused: bool) -> None:
    try:
        call(paused)
    except BaseException:  # also a sys.exit(): it would end the thread that hears of the next change
        log.exception("a callback of on_pause failed (paused=%s)", paused)
