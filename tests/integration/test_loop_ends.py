"""How the loop goes on, or ends, when a server refuses it something at an unlucky moment."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import redis

from consumer.accepted import Outcome
from consumer.consumer import Consumer
from consumer.limits import Limits
from consumer.names import Slot, consumer_name
from consumer.poison import CANDIDATE_DELIVERIES, crash_key
from consumer.recovery import NOT_IN_FLIGHT
from signaltape import Secret, Settings
from sink.db import Connection
from sink.write.writer import BatchWriter
from tests.integration.conftest import own_valkey
from tests.integration.draining import add_lives, make_worker, pending
from tests.support.waiting import LONGEST_S, ended, eventually
from worker.loop import Worker


def make_candidate(client: Any, key: str) -> None:
    client.xgroup_create(key, "worker", id="0")
    client.xreadgroup("worker", "w-1", {key: ">"})
    for _ in range(CANDIDATE_DELIVERIES):
        client.xreadgroup("worker", "w-1", {key: "0"})


def test_once_ends_when_the_acknowledgement_of_an_isolated_attempt_fails(
    settings: Settings, redis_client: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_lives(redis_client, key, 1)
    make_candidate(redis_client, key)

    def refuse(self: Consumer, ids: dict[str, list[str]]) -> None:
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(Consumer, "acknowledge", refuse)
    worker, _ = make_worker(settings, key)
    raised: list[BaseException] = []

    def run() -> None:
        try:
            worker.run(once=True)
        except redis.ConnectionError as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert raised


def test_a_defect_ends_it_also_while_an_acknowledgement_waits_for_redis(
    settings: Settings, redis_client: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody would begin it anew."""
    add_lives(redis_client, key, 2)
    refused, write = threading.Event(), BatchWriter.write_prepared

    def refuse(self: Consumer, ids: dict[str, list[str]]) -> None:
        refused.set()
        raise redis.ConnectionError("gone")

    def defect(self: BatchWriter, batch: Any) -> Outcome:
        if not worker.total.stored:
            return write(self, batch)
        assert refused.wait(LONGEST_S)
        raise AssertionError("a defect")

    monkeypatch.setattr(Consumer, "acknowledge", refuse)
    monkeypatch.setattr(BatchWriter, "write_prepared", defect)
    worker, _ = make_worker(settings, key, limits=Limits(max_entries=4))
    raised: list[BaseException] = []

    def run() -> None:
        try:
            worker.run()
        except AssertionError as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ended(thread)
    assert [str(one) for one in raised] == ["a defect"]


def test_once_does_not_write_again_what_it_could_not_acknowledge(
    settings: Settings,
    redis_client: Any,
    key: str,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    add_lives(redis_client, key, 1)
    redis_client.xgroup_create(key, "worker", id="0")
    redis_client.xreadgroup("worker", "w-1", {key: ">"})

    def refuse(self: Consumer, ids: dict[str, list[str]]) -> None:
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(Consumer, "acknowledge", refuse)
    worker, _ = make_worker(settings, key)
    with pytest.raises(redis.ConnectionError):
        worker.run(once=True)
    assert worker.total == Outcome(stored=4)
    assert NOT_IN_FLIGHT not in caplog.text
    assert pending(redis_client, key) == 4


def test_a_worker_that_starts_while_redis_is_out_of_memory_drains_it(
    settings: Settings, tmp_path: Path, key: str, connection: Connection
) -> None:
    with own_valkey(tmp_path / "valkey") as valkey:
        client = redis.Redis.from_url(valkey.url, protocol=2)
        add_lives(client, key, 5)
        client.xgroup_create(key, "worker", id="0")
        client.config_set("maxmemory", 1)
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            client.xgroup_create(key, "worker", id="0")
        assert settings.database_url is not None
        worker = Worker(
            lambda: Consumer(Secret(valkey.url), "w-1", [key]), settings.database_url, threading.Event()
        )
        assert worker.run(once=True) == Outcome(stored=20)
        assert pending(client, key) == 0
        client.close()


def test_a_isolated_attempt_that_waits_for_postgres_is_no_crash_however_the_worker_ends(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    add_lives(redis_client, key, 1)
    make_candidate(redis_client, key)
    away = Secret("postgresql://nobody@127.0.0.1:1/nowhere")
    worker, stop = make_worker(settings, key, database=away)
    thread = threading.Thread(target=worker.run)
    counts: list[int] = []
    count = Consumer.begin_isolated_attempt

    def counting(self: Consumer, entry: Any) -> int | None:
        counts.append(1)
        return count(self, entry)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Consumer, "begin_isolated_attempt", counting)
        thread.start()
        try:
            eventually(lambda: bool(counts))
            eventually(lambda: not redis_client.exists(crash_key(key)))
            assert pending(redis_client, key) == 4
        finally:
            stop.set()
            ended(thread)
    assert make_worker(settings, key)[0].run(once=True).stored == 4


def test_workers_on_one_dyno_have_names_of_their_own(tmp_path: Path) -> None:
    slots = [Slot(tmp_path) for _ in range(3)]
    names = [consumer_name("worker.1", slot) for slot in slots]
    assert names == ["worker.1", "worker.1-2", "worker.1-3"]
