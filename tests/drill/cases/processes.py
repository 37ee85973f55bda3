"""A process dies, or stands still."""

from __future__ import annotations

import signal

from tests.drill.registry import case
from tests.drill.stage import Stage


@case("process-missing", "stream-lag")
def process_missing(stage: Stage) -> None:
    """The worker is killed, and nobody starts it again."""
    stage.unit("signaltape-worker").kill()


@case("journal-backlog", "process-missing")
def journal_backlog(stage: Stage) -> None:
    """The shipper stands still: it neither ships nor ends."""
    stage.unit("signaltape-ship").send(signal.SIGSTOP)


@case()
def guard_dead(stage: Stage) -> None:
    """Guard itself is killed, and nobody starts it again."""
    stage.unit("signaltape-guard").kill()
