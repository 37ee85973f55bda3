"""Real servers for the integration tests: started once, a fresh database and stream for each test."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from deploy.embedded.servers import Urls, running
from deploy.embedded.valkey import Valkey
from signaltape import Secret, Settings
from signaltape.stream import stream_key
from sink.admin.migrate import migrate
from sink.db import Connection, connect
from tests.integration.draining import add, drain
from tests.support.acl import note_users, url_of, write_users
from tests.support.asking import EQUITY, Asker, a_day
from tests.support.book import Book
from tests.support.disks import POSTGRES_OPTIONS, home_of_servers
from tests.support.forked import Forked, begin
from tests.support.logins import make_logins, process_of, url_for, user_of
from tests.support.waiting import LONGEST_S

ROOT = Path(__file__).parents[2]
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def servers() -> Iterator[Urls]:
    """PostgreSQL and Valkey for the whole run, in a folder of their own, whatever the environment says."""
    home = home_of_servers()
    try:
        users = write_users(home / "users.acl", stream="test*")
        with running(home, postgres_options=POSTGRES_OPTIONS, valkey_options=users) as urls:
            note_users(urls.redis)
            yield urls
    finally:
        from deploy.embedded.servers import remove_data

        remove_data(home)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def template(servers: Urls) -> str:
    """A migrated database to copy from."""
    name = "template_signaltape"
    with psycopg.connect(servers.database, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    with connect(Secret(_database(servers, name))) as connection:
        migrate(connection)
        make_logins(connection)
    return name


@pytest.fixture(scope="session")
def maker(servers: Urls) -> Iterator[Connection]:
    """Makes and drops the databases of tests."""
    with psycopg.connect(servers.database, autocommit=True) as opened:
        yield opened


@pytest.fixture
def database(servers: Urls, template: str, maker: Connection) -> Iterator[Secret]:
    """The URL of a fresh, migrated database."""
    with fresh_database(servers, template, maker) as url:
        yield url


@contextmanager
def fresh_database(servers: Urls, template: str, maker: Connection) -> Iterator[Secret]:
    """A migrated one, for as long as the block runs."""
    name = f"test_{next(_numbers)}"
    maker.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY".encode())
    yield Secret(_database(servers, name))
    maker.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def connection(database: Secret) -> Iterator[Connection]:
    with connect(database, name="test") as opened:
        yield opened


@pytest.fixture
def book(connection: Connection) -> Book:
    return Book(connection)


@pytest.fixture
def settings(servers: Urls, database: Secret, tmp_path: Path) -> Settings:
    """Settings with a stream, a database and a home of this test alone; recording is on."""
    return fresh_settings(servers, database, tmp_path)


def fresh_settings(servers: Urls, database: Secret, folder: Path) -> Settings:
    """With a stream that nobody else has."""
    return Settings(
        feature_event_logging=True,
        redis_url=Secret(servers.redis),
        database_url=database,
        home=folder / "home",
        stream=f"test{next(_numbers)}",
    )


@pytest.fixture
def redis_client(servers: Urls) -> Iterator[Any]:
    client = redis.Redis.from_url(servers.redis, protocol=2)
    yield client
    client.close()


@pytest.fixture
def key(settings: Settings) -> str:
    """The key of the only partition."""
    return stream_key(settings.stream, 0)


class Process:
    """A process of the product, ended by its pid at the end of the test."""

    def __init__(self, popen: subprocess.Popen[str] | Forked) -> None:
        self.popen = popen

    def finish(self, timeout: float = 60) -> tuple[int, str, str]:
        """Wait for its end: exit code, output, errors."""
        out, err = self.popen.communicate(timeout=timeout)
        return self.popen.wait(), out, err

    def end(self) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.communicate(timeout=LONGEST_S)  # what it has begun may still have its pipes


class Runner:
    """Runs modules of the product against the servers of this test, each in a process of its own.

    Most of what starting one costs is loading the product. So they are forked from a process that has loaded it, but
    for those that are to begin as a person begins them: `start_anew`, `run_anew`, `start_code`.
    """

    def __init__(self, settings: Settings) -> None:
        self._environment = environment_of(settings)
        self._started: list[Process] = []

    def start(self, *arguments: str, **changes: str) -> Process:
        """Start `python -m ARGUMENTS`."""
        return self._begin("-m", *arguments, anew=False, **changes)

    def start_anew(self, *arguments: str, **changes: str) -> Process:
        """The same, in a new interpreter."""
        return self._begin("-m", *arguments, anew=True, **changes)

    def start_code(self, code: str, *arguments: str, **changes: str) -> Process:
        """Start `python -c CODE ARGUMENTS`."""
        return self._begin("-c", code, *arguments, anew=True, **changes)

    def fork_code(self, code: str, *arguments: str, **changes: str) -> Process:
        """The same, in a process that has loaded the product: where neither loading nor starting is the point."""
        return self._begin("-c", code, *arguments, anew=False, **changes)

    def run(self, *arguments: str, **changes: str) -> tuple[int, str, str]:
        """Run `python -m ARGUMENTS` to its end: exit code, output, errors."""
        return self.start(*arguments, **changes).finish()

    def run_anew(self, *arguments: str, **changes: str) -> tuple[int, str, str]:
        """The same, in a new interpreter."""
        return self.start_anew(*arguments, **changes).finish()

    def _begin(self, *arguments: str, anew: bool, **changes: str) -> Process:
        process = Process(begin(arguments, {**self._environment_of(arguments), **changes}, anew=anew))
        self._started.append(process)
        return process

    def _environment_of(self, arguments: tuple[str, ...]) -> dict[str, str]:
        """Each process comes to both servers by its own login, which may do what it needs and no more."""
        process, user = None, None
        if arguments[0] == "-m":
            process, user = process_of(arguments[1:]), user_of(arguments[1:])
        database, redis_url = (self._environment[name] for name in ("DATABASE_URL", "REDIS_URL"))
        return {
            **self._environment,
            "DATABASE_URL": url_for(process, database) if process else database,
            "REDIS_URL": url_of(user, redis_url) if user else redis_url,
        }

    def end_all(self) -> None:
        for process in self._started:
            process.end()


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment that makes a child process see these settings."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("TELEGRAM", "DYNO"))
    }
    assert settings.redis_url is not None
    assert settings.database_url is not None
    return {
        **inherited,
        "PYTHONPATH": f"{ROOT / 'producer'}:{ROOT}",
        "FEATURE_EVENT_LOGGING": "true",
        "REDIS_URL": settings.redis_url.reveal(),
        "DATABASE_URL": settings.database_url.reveal(),
        "SIGNALTAPE_HOME": str(settings.home),
        "SIGNALTAPE_STREAM": settings.stream,
    }


@pytest.fixture
def runner(settings: Settings) -> Iterator[Runner]:
    made = Runner(settings)
    yield made
    made.end_all()


@contextmanager
def own_valkey(folder: Path, *extra: str) -> Iterator[Valkey]:
    """A Valkey of this test alone, that it may stop, freeze and kill."""
    short = Path(tempfile.mkdtemp(prefix="vk-"))
    valkey = Valkey(folder, short / "v.sock", extra)
    valkey.start()
    try:
        yield valkey
    finally:
        valkey.stop()
        shutil.rmtree(short, ignore_errors=True)


def _database(servers: Urls, name: str) -> str:
    return servers.database.replace("@/postgres?", f"@/{name}?")


@pytest.fixture
def asker(settings: Settings, connection: Connection) -> Asker:
    """Asks the desk's commands that answer."""
    return Asker(settings, connection, equity_usd=EQUITY)


@pytest.fixture
def day(settings: Settings, redis_client: Any, key: str) -> None:
    """A day of an engine is stored."""
    store_a_day(settings, redis_client, key)


def store_a_day(settings: Settings, redis_client: Any, key: str) -> None:
    """By way of the stream."""
    for name, fields in a_day():
        add(redis_client, key, name, fields)
    drain(settings, key)
