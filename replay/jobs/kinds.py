"""Which work the process `replay serve` does: each kind has a queue of its own, so that none waits for another.

A new kind is a line in KINDS and a function of the form `Work`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any, NamedTuple, cast

from signaltape.settings import Settings

#: What a job is asked for, and what it gives: whatever JSON can hold.
Json = dict[str, Any]
#: Tells how far the work is: what is done, and how much of it.
Progress = Callable[[str, int], None]
#: Does a job. Ends by Stopped once the event is set; says by an error of `signaltape.errors` why it failed.
Work = Callable[[Settings, Json, Progress, threading.Event], Json]


class Kind(NamedTuple):
    """A kind of work.

    function: its `Work`, by name, as it may belong to another room; at_once: so many are done at the same time; kept:
    how long it is known how one ended.
    """

    function: str
    at_once: int
    kept: timedelta = timedelta(days=1)

    def load(self) -> Work:
        """The function."""
        module, _, name = self.function.rpartition(".")
        return cast(Work, getattr(import_module(module), name))


KINDS = {
    "build": Kind("replay.jobs.sessions.build", at_once=2),
    "run": Kind("replay.jobs.sessions.run", at_once=4),
    #: each is in memory whole
    "diff": Kind("replay.jobs.comparing.compare", at_once=1, kept=timedelta(minutes=5)),
    #: not kept for long: what is asked again later is about more signals
    "whatif": Kind("reports.whatif_job.compare", at_once=2, kept=timedelta(minutes=5)),
}
