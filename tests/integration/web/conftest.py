"""The real application on the servers of a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from deploy.embedded.valkey import Valkey
from signaltape import Secret, Settings
from sink.db import database_url
from tests.integration.conftest import Process, Runner, own_valkey
from tests.support.replays import archived_session, serving_replays
from tests.support.served import Served, serving
from web.settings import WebSettings


@pytest.fixture
def web_settings(settings: Settings, tmp_path: Path) -> WebSettings:
    """With an archive of its own."""
    common = msgspec.structs.replace(settings, data=tmp_path / "archive")
    return WebSettings(common, database_url(common))


@pytest.fixture
def session(web_settings: WebSettings) -> str:
    """A session of a replay that takes an hour."""
    return archived_session(web_settings.common.data)


@pytest.fixture
def serve(runner: Runner, web_settings: WebSettings) -> Iterator[Process]:
    """`python -m replay serve`."""
    with serving_replays(runner, web_settings.common) as process:
        yield process


@pytest.fixture
def served(web_settings: WebSettings) -> Iterator[Served]:
    with serving(web_settings) as running:
        yield running


@pytest.fixture
def alone(web_settings: WebSettings, tmp_path: Path) -> Iterator[tuple[Valkey, Served]]:
    """A dashboard on a Valkey of its own, that may be stopped."""
    with own_valkey(tmp_path / "valkey") as valkey:
        common = msgspec.structs.replace(web_settings.common, redis_url=Secret(valkey.url))
        with serving(WebSettings(common, web_settings.read_url)) as served:
            yield valkey, served
