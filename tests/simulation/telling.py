"""A violation as a story that a person can follow."""

from __future__ import annotations

from tests.simulation.runs import Outcome


def tell(outcome: Outcome, *, whole: bool = False) -> str:
    """What happened, and how to repeat it. whole: every line."""
    violation = outcome.violation
    assert violation is not None
    lines = outcome.story if whole else outcome.story[-60:]
    return "\n".join([*lines, f"❌ {violation.invariant}: {violation.text}", "again: " + outcome.run.command])
