"""A server that takes a connection and then says nothing ends an operation in one line, within the time that is set."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

import replay.operations.archive
import replay.operations.playing
import worker.__main__
import worker.operations
from consumer.decoding.dead_fields import pack_fields
from replay.sessions.build import build
from replay.sessions.sources import ArchiveSource
from signaltape import Secret, Settings
from signaltape.clock import utc_now
from signaltape.errors import RedisUnavailable
from signaltape.redis_client import redis_client
from sink.db import Connection
from sink.dead_letters import Filter
from tests.integration.conftest import environment_of
from tests.integration.test_requeue import BURY
from tests.support.archived import DAY, NOON, record, write
from tests.support.samples import as_json, closed

SILENT = "Redis: Timeout reading from socket"


@pytest.fixture
def silent_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[Secret]:
    """The URL of what accepts and never answers; whoever asks waits shortly."""
    monkeypatch.setattr("signaltape.redis_client.ANSWER_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield Secret(f"redis://127.0.0.1:{listening.getsockname()[1]}/0?socket_timeout=9999")


@pytest.fixture
def silent(settings: Settings, silent_redis: Secret, tmp_path: Path) -> Settings:
    return msgspec.structs.replace(settings, redis_url=silent_redis, data=tmp_path)


@pytest.fixture
def buried(key: str, connection: Connection) -> None:
    named = pack_fields({b"event": b"signal_closed"})
    connection.execute(BURY, (key, "1642395600000-1", "signal_closed", as_json(closed()), named))


def _session(settings: Settings) -> str:
    write(settings.data, [record("order_log")])
    manifest = build(settings.data, ArchiveSource(settings.data), DAY, now=NOON)
    return manifest.session_id


def test_every_client_waits_so_long_and_no_longer_and_tries_nothing_twice() -> None:
    with redis_client(Secret("redis://host/0?socket_timeout=9999&retry_on_timeout=yes")) as client:
        given = client.connection_pool.connection_kwargs
        assert (given["socket_timeout"], given["socket_connect_timeout"]) == (10.0, 5.0)
        assert given["retry"].get_retries() == 0


@pytest.mark.parametrize(
    "operation",
    [
        lambda settings: worker.operations.status(settings, utc_now()),
        lambda settings: worker.operations.requeue_dead_letters(settings, Filter(), everything=True),
        lambda settings: replay.operations.archive.reprocess_stream(settings, "-", "+", dry_run=True),
        lambda settings: replay.operations.playing.run_session(settings, _session(settings)),
    ],
    ids=["worker status", "dead-letters requeue", "replay stream", "replay run"],
)
def test_an_operation_ends(silent: Settings, buried: None, operation: Callable[[Settings], object]) -> None:
    with pytest.raises(RedisUnavailable, match=SILENT):
        operation(silent)


def test_letters_stay_where_redis_does_not_answer(
    silent: Settings, buried: None, connection: Connection
) -> None:
    arguments = ["dead-letters", "requeue", "--all"]
    done = CliRunner().invoke(worker.__main__.main, arguments, env=environment_of(silent))
    assert (done.exit_code, done.output) == (1, f"Error: {SILENT} (the letters stay)\n")
    assert connection.execute("SELECT count(*) FROM dead_letters").fetchone() == (1,)
