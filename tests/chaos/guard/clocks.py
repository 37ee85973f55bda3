"""Clocks of their own: a program under libfaketime goes by what a file says, as often as that is written.

The monotonic clock is left alone, as it is where somebody sets a machine's clock. Else libfaketime tells the time of
day for it, and leaves the deadlines that Python waits for by it as they are: no wait has an end then.
"""

from __future__ import annotations

from pathlib import Path

from tests.chaos.guard.engines import Engine
from tests.chaos.rig import Rig

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


def own_clock(file: Path) -> dict[str, str]:
    """The environment of a program whose clock is off as `set_clock` says."""
    return {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def set_clock(file: Path, ahead_s: float) -> None:
    """From now on it is so far ahead; below zero it is behind."""
    file.write_text(f"{ahead_s:+g}s\n" if ahead_s else "+0\n")


class Clocked(Engine):
    """The example engine, with a clock of its own."""

    def __init__(self, rig: Rig, name: str) -> None:
        self._clock = rig.home / f"{name}.clock"
        self.set_clock(0)
        super().__init__(rig, name, per_s=0.5, env=own_clock(self._clock))

    def set_clock(self, ahead_s: float) -> None:
        """At once, while it runs."""
        set_clock(self._clock, ahead_s)
