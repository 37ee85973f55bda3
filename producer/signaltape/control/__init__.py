"""The control plane: one state, running or paused, that every process follows and answers; who is there.

In Redis: `<stream>:control`, what is wanted, and `<stream>:processes`, who is there and what each has answered.
Postgres keeps what is wanted, too, and asserts it again (`sink.control`). The signal path reads `tape.paused`.
"""

from __future__ import annotations

from signaltape.control.answers import Answers, wait_for_answers
from signaltape.control.commanding import Standing, assert_again, pause, processes, read, resume, standing
from signaltape.control.presence import Presence
from signaltape.control.processes import Process
from signaltape.control.registry import present
from signaltape.control.state import PAUSED, RUNNING, Control, Garbled, State

__all__ = [
    "PAUSED",
    "RUNNING",
    "Answers",
    "Control",
    "Garbled",
    "Presence",
    "Process",
    "Standing",
    "State",
    "assert_again",
    "pause",
    "present",
    "processes",
    "read",
    "resume",
    "standing",
    "wait_for_answers",
]
