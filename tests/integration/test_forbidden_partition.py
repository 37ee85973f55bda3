"""A partition that Redis forbids to a worker, from the beginning or later: it holds up no other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from consumer.accepted import Outcome
from consumer.consumer import Consumer
from deploy.embedded.valkey import Valkey
from signaltape import Secret
from signaltape.stream import stream_keys
from sink.db import Connection, connect
from tests.integration.conftest import own_valkey
from tests.integration.draining import add_lives, pending, stored
from tests.integration.test_stop_while_stuck import is_waiting
from tests.support.waiting import eventually
from tests.support.working import working
from worker.loop import Worker

KEYS = stream_keys("tape", 2)
LONG_AGO_MS = 7_200_000


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with own_valkey(tmp_path_factory.mktemp("forbidding") / "vk") as started:
        yield started


@pytest.fixture
def admin(valkey: Valkey) -> Iterator[Any]:
    with redis.Redis.from_url(valkey.url, protocol=2) as made:
        made.flushall()
        yield made


def may_touch(admin: Any, *keys: str) -> None:
    """The user `worker` may do everything, with these keys and what belongs to them."""
    admin.execute_command(
        *("ACL", "SETUSER", "worker", "on", ">secret", "+@all", "resetkeys", *(f"~{key}*" for key in keys))
    )


@pytest.fixture
def url(valkey: Valkey) -> Secret:
    return Secret(valkey.url.replace("unix://", "unix://worker:secret@"))


def test_a_heartbeat_reaches_the_others(admin: Any, url: Secret) -> None:
    may_touch(admin, KEYS[1])
    add_lives(admin, KEYS[1], 1)
    reading, beating = (Consumer(url, "me", KEYS) for _ in range(2))
    reading.ensure_group()
    held = [entry.entry_id for entry in reading.read_new(10)]
    assert len(held) == 4
    admin.xclaim(KEYS[1], "worker", "me", 0, held, idle=LONG_AGO_MS, justid=True)
    beating.keep(LONG_AGO_MS // 2)
    assert not admin.xpending_range(KEYS[1], "worker", "-", "+", 10, idle=LONG_AGO_MS // 2)
    for consumer in (reading, beating):
        consumer.close()


def test_one_that_is_forbidden_while_its_entries_are_written_does_not_keep_the_others_waiting(
    admin: Any, url: Secret, database: Secret, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumer.prefetcher.LOOK_EVERY_S", 0.05)
    may_touch(admin, *KEYS)
    stop = threading.Event()
    worker = Worker(lambda: Consumer(url, "me", KEYS), database, stop)
    for key in KEYS:
        add_lives(admin, key, 1)
    with connect(database) as holder:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE signal_events IN ACCESS EXCLUSIVE MODE")
        with working(worker, stop):
            eventually(lambda: is_waiting(connection))
            assert [pending(admin, key) for key in KEYS] == [4, 4]
            may_touch(admin, KEYS[0])
            holder.rollback()
            add_lives(admin, KEYS[0], 1)
            eventually(lambda: stored(connection) == 12)
            eventually(lambda: pending(admin, KEYS[0]) == 0)
            may_touch(admin, *KEYS)
            add_lives(admin, KEYS[1], 1)
            eventually(lambda: stored(connection) == 16)
            eventually(lambda: pending(admin, KEYS[1]) == 0)
    assert worker.total == Outcome(stored=16, duplicates=4)
