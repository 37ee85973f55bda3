"""Runs that once broke a promise: each is done again with every test. A line says what it found."""

from __future__ import annotations

from tests.simulation.runs import Run

FOUND: dict[str, Run] = {
    "the journal's bound takes a segment whose events Redis has, and Redis then forgets them": Run(
        "spine", 530233741, 20_694
    ),
    "a worker that is told to stop before it has gone through what is pending reads what is new": Run(
        "consuming", 650868548, 4_000
    ),
    "retention packs a day behind its own compressed form, by an older ledger that was restored amid compression": Run(
        "archive", 3879586180, 30_000
    ),
    # the run above found it when the archive took fewer steps; this one does with the defect put back today
    "the same, by a last trial": Run("archive", 26, 30_000),
}
