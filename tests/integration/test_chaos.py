"""A short selection of the fault matrix, with a smaller load. `make chaos` runs all of it."""

from __future__ import annotations

import pytest

from tests.chaos.case import run_case
from tests.chaos.registry import FAULTS

pytestmark = pytest.mark.deep

EVENTS = 4_000


@pytest.mark.parametrize(
    "name",
    [
        "engine-kill-9",
        "shipper-kill-9-between-reply-and-cursor",
        "redis-comes-back-empty",
        "worker-kill-9-between-commit-and-ack",
        "postgres-immediate-shutdown",
        "poison-of-wrong-types",
    ],
)
def test_nothing_lost_nothing_doubled(name: str) -> None:
    result, audit = run_case(FAULTS[name], EVENTS, anew=False)
    assert (result.lost, result.doubled, audit.wrong) == (0, 0, [])
    assert result.accepted == EVENTS
    assert result.injected >= 1


def test_the_matrix_has_at_least_forty_faults() -> None:
    assert len(FAULTS) >= 40
