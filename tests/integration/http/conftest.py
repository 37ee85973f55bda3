"""One engine by each framework."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.hooked import Serve, servers


@pytest.fixture(params=["flask", "starlette", "aiohttp"])
def serve(request: pytest.FixtureRequest, tmp_path: Path) -> Serve:
    return servers(tmp_path)[request.param]
