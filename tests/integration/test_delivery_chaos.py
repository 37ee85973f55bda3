"""A short selection of the delivery matrix, with fewer messages. `make chaos ONLY=delivery` runs all of it."""

from __future__ import annotations

import pytest

from signaltape import Secret
from tests.chaos.delivery import FAULTS, run_delivery

pytestmark = pytest.mark.deep

MESSAGES = 40


@pytest.mark.parametrize("fault", ["429", "500 after", "timeout after"])
def test_nothing_is_lost_doubled_late_or_too_fast(database: Secret, fault: str) -> None:
    result = run_delivery(fault, MESSAGES, database)
    assert result.wrong == []
    assert result.sent + result.expired == MESSAGES
    assert result.faults > 0
    assert result.kills > 0


def test_the_matrix_has_eight_faults() -> None:
    assert len(set(FAULTS)) == 8
