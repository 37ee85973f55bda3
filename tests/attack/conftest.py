"""The real servers of the integration tests, and one database for many examples."""

from __future__ import annotations

import itertools
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from deploy.embedded.servers import Urls
from signaltape import Secret, Settings
from tests.attack.way import Way
from tests.integration.conftest import servers, template  # noqa: F401 - fixtures

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def way(
    servers: Urls,  # noqa: F811 - the fixture
    template: str,  # noqa: F811 - the fixture
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Way]:
    """A stream, a database, an archive and a home of this module alone; recording is on."""
    with new_way(servers, template, tmp_path_factory) as way:
        yield way


@contextmanager
def new_way(
    servers: Urls,  # noqa: F811 - the fixture
    template: str,  # noqa: F811 - the fixture
    tmp_path_factory: pytest.TempPathFactory,
    stream: str = "",
    shipped_keep_s: int = 0,
) -> Iterator[Way]:
    """Another one. stream: its name; default: one of its own.

    shipped_keep_s: how long a journal stays that was shipped. At once: each look of the shipper at the journals of all
    examples before would cost more than the example.
    """
    name = f"attack_{next(_numbers)}"
    home = tmp_path_factory.mktemp(name)
    with psycopg.connect(servers.database, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    settings = Settings(
        feature_event_logging=True,
        redis_url=Secret(servers.redis),
        database_url=Secret(servers.database.replace("@/postgres?", f"@/{name}?")),
        home=home / "home",
        data=home / "archive",
        stream=stream or name,
        shipped_keep_s=shipped_keep_s,
    )
    with Way(settings) as way:
        yield way


@pytest.fixture(autouse=True)
def _as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands run in this process: what they change of it is set back, and they leave no file in the checkout."""
    monkeypatch.chdir(tmp_path)
    with kept():
        yield


@contextmanager
def kept() -> Iterator[None]:
    """Set back what commands change of this process."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    answers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    root.handlers[:], root.level = handlers, level
    for number, answer in answers.items():
        signal.signal(number, answer)
