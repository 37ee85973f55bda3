"""What `replay serve` measures: jobs by kind and state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial

from replay.jobs.kinds import KINDS
from replay.jobs.queues import JobState, State, opened
from signaltape.measures import Ask, Table
from signaltape.settings import Settings


def replays_parts(settings: Settings) -> Mapping[str, Ask]:
    """The parts by name."""
    return {"redis": partial(_jobs, settings)}


def _jobs(settings: Settings) -> Iterator[Table]:
    found: Counter[tuple[str, ...]] = Counter({(kind, state.value): 0 for kind in KINDS for state in State})
    for kind in KINDS:
        found.update((kind, one.state.value) for one in _known(settings, kind))
    says = "Jobs that are known: those that ended for as long as they are kept"
    yield Table("signaltape_replay_jobs", says, ("kind", "state"), dict(found))


def _known(settings: Settings, kind: str) -> list[JobState]:
    with opened(settings, kind) as jobs:
        return jobs.all()
