"""The writer's world: the real batch writer against a real PostgreSQL, statement by statement; no machines."""

from __future__ import annotations

from collections.abc import Collection

from tests.simulation.worlds.verdict import Report, Violation, hash_of
from tests.simulation.writer import running


def run(seed: int, steps: int, _left_out: Collection[int], url: str) -> Report:
    """One run. url: of a migrated database that it may empty. Its faults have no numbers: none can be left out."""
    found = running.run(seed, steps, url)
    violation = (
        Violation("tables as the model", found.steps, found.violations[0]) if found.violations else None
    )
    fingerprint = hash_of("\n".join([str(found.steps), *found.story]))
    return Report("writer", seed, found.steps, violation, [], found.story, fingerprint)
