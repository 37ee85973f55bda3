"""Places where a test may make a process die or wait: set by environment only, and nothing at all otherwise.

SIGNALTAPE_FAILPOINTS=worker.after_commit=kill@3 kills the process (signal 9) the third time it gets there.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

_VARIABLE = "SIGNALTAPE_FAILPOINTS"


def _parse(text: str) -> dict[str, int]:
    points = {}
    for rule in filter(None, text.split(",")):
        name, _, action = rule.partition("=")
        verb, _, count = action.partition("@")
        if verb != "kill":
            raise ValueError(f"{_VARIABLE}: unknown action {verb!r}")
        points[name] = int(count or 1)
    return points


def _nothing(_name: str) -> None:
    """What a failpoint does in production."""


def _armed(points: dict[str, int]) -> Callable[[str], None]:
    def reach(name: str) -> None:
        if name in points:
            points[name] -= 1
            if points[name] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return reach


#: Call it where a test may want the process to end.
failpoint: Callable[[str], None] = (
    _armed(_parse(os.environ[_VARIABLE])) if os.environ.get(_VARIABLE) else _nothing
)
