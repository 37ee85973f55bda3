"""TLS to both servers: with certificates of an authority that the URL names, and of no other, to no other host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import msgspec
import psycopg
import pytest

from deploy.embedded.servers import Urls
from signaltape import Emitter, Secret, Settings
from signaltape.shipping.service import ship_once
from sink.db import connect
from tests.integration.conftest import Runner
from tests.support.postgres import own_postgres
from tests.support.samples import closed
from tests.support.tls import HOST, Papers, before_redis, papers, speaking_itself, tls_server
from tests.support.tls_postgres import before_postgres, postgres_itself, postgres_programs, without_tls


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return papers(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """Of an authority that the server's certificate is not of."""
    return papers(tmp_path_factory.mktemp("strange"))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """Made out to another host."""
    return papers(tmp_path_factory.mktemp("elsewhere"), "elsewhere.example")


@pytest.fixture(params=["before it", "by itself"] if tls_server() else ["before it"])
def redis_port(request: pytest.FixtureRequest, servers: Urls, own: Papers, tmp_path: Path) -> Iterator[int]:
    """Where Redis speaks TLS: behind what ends it, as hosts have it; by itself, too, if one that can is on PATH."""
    if request.param == "by itself":
        with speaking_itself(tmp_path, own) as port:
            yield port
    else:
        with before_redis(Path(servers.redis.removeprefix("unix://")), own) as port:
            yield port


def rediss(port: int, authority: Path) -> Secret:
    return Secret(f"rediss://{HOST}:{port}/0?ssl_ca_certs={quote(str(authority))}")


def test_an_engine_ships_and_a_worker_stores_over_tls(
    settings: Settings, runner: Runner, redis_port: int, own: Papers, connection: psycopg.Connection
) -> None:
    url = rediss(redis_port, own.authority)
    over_tls = msgspec.structs.replace(settings, redis_url=url)
    with Emitter(over_tls, ship=False) as tape:
        assert tape.closed(**closed())
    assert ship_once(over_tls) == 1
    code, _, said = runner.run("worker", "--once", REDIS_URL=url.reveal())
    assert code == 0, said
    assert connection.execute("SELECT count(*) FROM signal_events").fetchall() == [(1,)]


def refused(runner: Runner, *command: str, **changes: str) -> str:
    """The line that a command ends with."""
    code, out, said = runner.run(*command, **changes)
    assert code == 1, (out, said)
    assert said.count("\n") == 1
    return said


def test_a_redis_of_another_authority_is_refused_in_one_line(
    runner: Runner, redis_port: int, strange: Papers
) -> None:
    said = refused(runner, "worker", "status", REDIS_URL=rediss(redis_port, strange.authority).reveal())
    assert "certificate verify failed" in said


def test_a_redis_of_another_name_is_refused_in_one_line(
    runner: Runner, servers: Urls, elsewhere: Papers
) -> None:
    with before_redis(Path(servers.redis.removeprefix("unix://")), elsewhere) as port:
        said = refused(runner, "worker", "status", REDIS_URL=rediss(port, elsewhere.authority).reveal())
    assert "Hostname mismatch, certificate is not valid for 'localhost'" in said


@pytest.fixture(scope="module", params=["before it", "by itself"] if postgres_programs() else ["before it"])
def postgres_port(request: pytest.FixtureRequest, own: Papers) -> Iterator[int]:
    """Where PostgreSQL takes encrypted sessions: likewise."""
    if request.param == "by itself":
        with postgres_itself(own) as port:
            yield port
    else:
        with own_postgres() as server, before_postgres(server.sockets, own) as port:
            yield port


def verified(port: int, authority: Path, host: str = HOST) -> str:
    """A URL that names the host, and where it is without asking anybody."""
    return (
        f"postgresql://signaltape@{host}:{port}/postgres?hostaddr=127.0.0.1"
        f"&sslmode=verify-full&sslrootcert={quote(str(authority), safe='')}"
    )


def test_a_session_with_postgres_is_encrypted(postgres_port: int, own: Papers) -> None:
    with connect(Secret(verified(postgres_port, own.authority))) as connection:
        assert connection.info.pgconn is not None
        assert connection.pgconn.ssl_in_use


def test_migrating_storing_and_checking_go_over_tls(
    postgres_port: int, own: Papers, runner: Runner, settings: Settings
) -> None:
    url = verified(postgres_port, own.authority)
    assert runner.run("sink", "migrate", DATABASE_URL=url)[0] == 0
    assert runner.run("sink", "rights", DATABASE_URL=url)[0] == 0
    with Emitter(settings) as tape:
        assert tape.closed(**closed())
    assert runner.run("worker", "--once", DATABASE_URL=url)[0] == 0
    code, out, _ = runner.run("sink", "check", DATABASE_URL=url)
    assert code == 0, out


@pytest.mark.parametrize(
    ("host", "whose", "says"),
    [
        (HOST, "strange", "certificate verify failed"),
        ("elsewhere.example", "own", 'does not match host name "elsewhere.example"'),
    ],
)
def test_a_postgres_of_another_authority_or_name_is_refused_in_one_line(
    postgres_port: int,
    runner: Runner,
    request: pytest.FixtureRequest,
    host: str,
    whose: str,
    says: str,
) -> None:
    authority = request.getfixturevalue(whose).authority
    said = refused(runner, "sink", "check", DATABASE_URL=verified(postgres_port, authority, host))
    assert says in said


def test_a_server_without_tls_is_refused_where_it_is_asked_for(runner: Runner, own: Papers) -> None:
    with without_tls() as port:
        said = refused(runner, "sink", "check", DATABASE_URL=verified(port, own.authority))
    assert "server does not support SSL, but SSL was required" in said
