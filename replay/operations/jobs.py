"""Long work that is done elsewhere: jobs asked for, looked at, and the process `replay serve` that does them.

For other kinds of work: a line in `replay.jobs.kinds.KINDS`, then `ask_for` and `job`.
"""

from __future__ import annotations

import threading

from replay.jobs.kinds import KINDS, Json
from replay.jobs.metrics import replays_parts
from replay.jobs.queues import JobState, State, opened
from replay.jobs.serving import is_served as is_worked
from replay.jobs.serving import serve as serve_until
from replay.plain_errors import plain_errors
from signaltape.commands.command import usable_folder
from signaltape.control import present
from signaltape.serving_measures import serve_measures
from signaltape.settings import Settings

__all__ = ["JobState", "Json", "State", "ask_for", "is_served", "job", "jobs", "serve", "withdraw"]


@plain_errors()
def serve(settings: Settings, stop: threading.Event, *, metrics_port: int | None = None) -> int:
    """Do jobs until stopped, each in a process of its own; how many were running then, and were stopped cleanly.

    metrics_port: where to serve Prometheus metrics, if not where the settings say.
    """
    usable_folder("SIGNALTAPE_DATA", settings.data)
    stop_metrics = serve_measures(metrics_port, "replays", replays_parts(settings), settings)
    try:
        with present(settings, "replays"):
            return serve_until(settings, stop)
    finally:
        stop_metrics()


@plain_errors()
def ask_for(settings: Settings, kind: str, name: str, arguments: Json) -> None:
    """Ask for a job. kind: of KINDS; name: of the work, unique in its kind. Raises NotAllowedNow if it is under way."""
    with opened(settings, kind) as found:
        found.put_in(name, arguments)


@plain_errors()
def job(settings: Settings, kind: str, name: str) -> JobState | None:
    """Where a job stands; None if it was not asked for, or ended long ago."""
    with opened(settings, kind) as found:
        return found.state(name)


@plain_errors()
def jobs(settings: Settings, kind: str) -> list[JobState]:
    """All jobs of a kind that are known, newest first."""
    with opened(settings, kind) as found:
        return sorted(found.all(), key=lambda one: one.asked_at, reverse=True)


@plain_errors()
def withdraw(settings: Settings, kind: str, name: str) -> None:
    """Forget a job, and do it no more if it waits."""
    with opened(settings, kind) as found:
        found.withdraw(name)


@plain_errors()
def is_served(settings: Settings, kind: str = next(iter(KINDS))) -> bool:
    """Whether a process `replay serve` runs."""
    with opened(settings, kind) as found:
        return is_worked(found.queue)
