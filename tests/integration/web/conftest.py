"""The real application on the servers of a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from deploy.embedded.valkey import Valkey
from signaltape import Secret, Settings
from sink.db import database_url
from tests.integration.conftest import own_valkey
from tests.support.served import Served, serving
from web.settings import WebSettings


@pytest.fixture
def web_settings(settings: Settings) -> WebSettings:
    return WebSettings(settings, database_url(settings))


@pytest.fixture
def served(web_settings: WebSettings) -> Iterator[Served]:
    with serving(web_settings) as running:
        yield running


@pytest.fixture
def alone(settings: Settings, web_settings: WebSettings, tmp_path: Path) -> Iterator[tuple[Valkey, Served]]:
    """A dashboard on a Valkey of its own, that may be stopped."""
    with own_valkey(tmp_path / "valkey") as valkey:
        common = msgspec.structs.replace(settings, redis_url=Secret(valkey.url))
        with serving(WebSettings(common, database_url(settings))) as served:
            yield valkey, served
