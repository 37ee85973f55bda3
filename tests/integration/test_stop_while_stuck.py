"""SIGTERM while Postgres answers nothing: the worker ends in time, and what it had in hand comes again."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest

from consumer.accepted import Outcome
from consumer.limits import Limits
from signaltape import Secret, Settings
from sink.db import Connection, connect
from tests.integration.draining import add_lives, drain, make_worker, pending
from tests.support.waiting import eventually

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
        ended = not thread.is_alive()
        holder.rollback()
    thread.join()
    assert ended
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
        no_answer.wait()
        raise psycopg.OperationalError("timeout expired")

    monkeypatch.setattr("worker.loop.connect", knock)
    redis_client.xgroup_create(key, "worker", id="0", mkstream=True)
    add_lives(redis_client, key, 1250)
    worker, stop = make_worker(settings, key, limits=Limits(max_entries=1000))
    thread = threading.Thread(target=worker.run)
    thread.start()
    assert knocks.acquire(timeout=AT_ONCE_S)
    eventually(lambda: pending(redis_client, key) >= 3000)
    stop.set()
    no_answer.set()
    thread.join(AT_ONCE_S)
    assert not thread.is_alive()
    assert number == 1
