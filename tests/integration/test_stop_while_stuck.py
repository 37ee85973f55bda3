"""SIGTERM while Postgres answers nothing: the worker ends in time, and what it had in hand comes again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from consumer.accepted import Outcome
from consumer.limits import Limits
from signaltape import Secret, Settings
from sink.db import Connection, connect
from tests.integration.draining import add_lives, drain, make_worker, pending
from tests.support.waiting import LONGEST_S, ended, eventually

AT_ONCE_S = 10


def is_waiting(connection: Connection) -> bool:
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'signaltape-worker' AND wait_event_type = 'Lock'"
    ).fetchone()
    return bool(row and row[0])


def test_a_locked_table_does_not_keep_a_worker_from_ending(
    settings: Settings,
    redis_client: Any,
    key: str,
    connection: Connection,
    database: Secret,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("worker.loop.FINISH_S", 0.2, raising=False)
    add_lives(redis_client, key, 5)
    worker, stop = make_worker(settings, key)
    thread = threading.Thread(target=worker.run)
    with connect(database) as holder:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE signal_events IN ACCESS EXCLUSIVE MODE")
        thread.start()
        eventually(lambda: is_waiting(connection))
        stop.set()
        thread.join(AT_ONCE_S)
        in_time = not thread.is_alive()
        holder.rollback()
    ended(thread)
    assert in_time
    assert pending(redis_client, key) == 20
    assert worker.total == Outcome()
    assert drain(settings, key) == Outcome(stored=20), "nothing of it was committed by half"


def test_what_can_be_written_in_time_is_finished(
    settings: Settings, redis_client: Any, key: str, connection: Connection, database: Secret
) -> None:
    add_lives(redis_client, key, 5)
    worker, stop = make_worker(settings, key)
    thread = threading.Thread(target=worker.run)
    with connect(database) as holder:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE signal_events IN ACCESS EXCLUSIVE MODE")
        thread.start()
        eventually(lambda: is_waiting(connection))
        stop.set()
        holder.rollback()
    thread.join(AT_ONCE_S)
    assert not thread.is_alive()
    assert (worker.total, pending(redis_client, key)) == (Outcome(stored=20), 0)


def test_a_worker_that_ends_knocks_at_a_silent_postgres_once_and_not_for_each_batch(
    settings: Settings, redis_client: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    knocks = threading.Semaphore(0)
    no_answer = threading.Event()
    number = 0

    def knock(*_: Any, **__: Any) -> Connection:
        nonlocal number
        number += 1
        knocks.release()
        no_answer.wait(LONGEST_S)
        raise psycopg.OperationalError("timeout expired")

    monkeypatch.setattr("worker.loop.connect", knock)
    redis_client.xgroup_create(key, "worker", id="0", mkstream=True)
    add_lives(redis_client, key, 1250)
    worker, stop = make_worker(settings, key, limits=Limits(max_entries=1000))
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    assert knocks.acquire(timeout=AT_ONCE_S)
    eventually(lambda: pending(redis_client, key) > 1000)  # more than the batch that is to be written
    stop.set()
    no_answer.set()
    thread.join(AT_ONCE_S)
    assert not thread.is_alive()
    assert number == 1


class Pooler(threading.Thread):
    """Lets sessions begin, and has no server for them: it answers nothing from their first statement on."""

    def __init__(self, server: str) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.asked = threading.Event()
        self._open: list[socket.socket] = []

    def run(self) -> None:
        with suppress(OSError):  # closed at the end
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                self._open += [client, server]
                threading.Thread(target=self._pass_on, args=(server, client), daemon=True).start()
                self._pass_on(client, server)

    def _pass_on(self, sender: socket.socket, receiver: socket.socket) -> None:
        with suppress(OSError):
            while said := sender.recv(65536):
                if sender in self._open[::2] and said[:1] in b"QP":
                    self.asked.set()
                    return
                receiver.sendall(said)

    def close(self) -> None:
        for one in [self._listening, *self._open]:
            one.close()


@pytest.fixture
def pooler(database: Secret) -> Iterator[Pooler]:
    made = Pooler("{host}/.s.PGSQL.{port}".format_map(conninfo_to_dict(database.reveal())))
    made.start()
    yield made
    made.close()


def test_a_pooler_without_a_server_does_not_keep_a_worker_from_ending(
    settings: Settings,
    redis_client: Any,
    key: str,
    database: Secret,
    pooler: Pooler,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("worker.loop.FINISH_S", 0.2)
    add_lives(redis_client, key, 5)
    behind = make_conninfo(
        database.reveal(), host="127.0.0.1", port=pooler.port, sslmode="disable", gssencmode="disable"
    )
    worker, stop = make_worker(settings, key, database=Secret(behind))
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    assert pooler.asked.wait(AT_ONCE_S)
    stop.set()
    thread.join(AT_ONCE_S)
    assert not thread.is_alive()
    assert pending(redis_client, key) == 20
