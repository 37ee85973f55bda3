"""Debian's Prometheus beside real servers and processes."""

from __future__ import annotations

import pytest

from tests.integration.conftest import (
    connection,
    database,
    maker,
    redis_client,
    runner,
    servers,
    settings,
    template,
)
from tests.prometheus.promtool import program

__all__ = [
    "connection",
    "database",
    "maker",
    "redis_client",
    "runner",
    "servers",
    "settings",
    "template",
]


def pytest_configure() -> None:
    for name in ("promtool", "prometheus", "systemd-analyze"):
        try:
            program(name)
        except RuntimeError as error:
            pytest.exit(str(error), returncode=2)
