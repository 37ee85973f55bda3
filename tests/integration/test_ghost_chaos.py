"""A short run of what `make chaos ONLY=ghost` does two hundred times: kills of ghosts and their worker."""

from __future__ import annotations

import pytest

from tests.chaos.ghosts import run_ghosts

pytestmark = pytest.mark.deep


@pytest.mark.first
def test_the_same_rows_and_messages_as_without_kills() -> None:
    counted = run_ghosts(kills=12, seed=20260117)
    assert counted.wrong == []
    assert counted.kills == 12
    assert counted.closed > 10
    assert counted.lines_rung > 5
