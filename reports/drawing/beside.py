"""The page drawn in a process of its own, which ends with it: what drawing takes of memory is given back, and whoever
asks for it (the dashboard) answers others meanwhile."""

from __future__ import annotations

import logging
import pickle
import subprocess
import sys

from reports.course import Course
from reports.scorecard import Scorecard
from signaltape.errors import Unavailable

log = logging.getLogger("reports")
_WITHIN_S = 120.0
#: It is given where modules are found, then what to draw; what it writes is the picture.
_CODE = """
import pickle, sys
sys.path[:] = pickle.load(sys.stdin.buffer)
from reports.drawing.picture import drawn
sys.stdout.buffer.write(drawn(*pickle.load(sys.stdin.buffer)))
"""


def drawn_beside(card: Scorecard, course: Course, kind: str, *, so_far: bool) -> bytes:
    """The page as PNG or PDF. Raises Unavailable."""
    given = pickle.dumps(sys.path) + pickle.dumps((card, course, kind, so_far))
    try:
        done = subprocess.run(  # noqa: S603 - this program itself, and nothing from outside in its arguments
            [sys.executable, "-c", _CODE], input=given, capture_output=True, timeout=_WITHIN_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"the picture could not be drawn: {type(error).__name__}") from None
    if done.returncode:
        log.error("drawing failed: %s", done.stderr.decode(errors="replace"))
        raise Unavailable("the picture could not be drawn; the log says why")
    return done.stdout
