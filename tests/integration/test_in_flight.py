"""What a living worker has in hand stays its own, however long Postgres lets it wait: nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from consumer.accepted import Outcome
from consumer.limits import Limits
from signaltape import Secret, Settings
from sink.db import Connection, connect
from tests.integration.draining import add_lives, make_worker, pending, stored
from tests.support.waiting import eventually
from tests.support.working import working

#: Others may take over what was held for longer than this.
IDLE_MS = 400


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for entries to take over several times a second."""
    monkeypatch.setattr("consumer.recovery.CLAIM_EVERY_S", 0.05)
    monkeypatch.setattr("consumer.prefetcher.BLOCK_MS", 20)


@contextmanager
def locked(database: Secret) -> Iterator[Callable[[], None]]:
    """The journal's table, locked against everybody until the given function is called."""
    with connect(database) as holder:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE signal_events IN ACCESS EXCLUSIVE MODE")
        yield lambda: holder.rollback()


@pytest.fixture
def key(key: str, redis_client: Any) -> str:
    """The key of a stream whose group is there."""
    redis_client.xgroup_create(key, "worker", id="0", mkstream=True)
    return key


def held(client: Any, key: str) -> list[dict[str, Any]]:
    """All that is given out."""
    return list(client.xpending_range(key, "worker", "-", "+", 10_000))


def searches(client: Any) -> int:
    """How often anybody looked for entries to take over."""
    return int(client.info("commandstats").get("cmdstat_xautoclaim", {"calls": 0})["calls"])


def signs_of_life(client: Any) -> int:
    """How often anybody said that what it holds is still in work."""
    return int(client.info("commandstats").get("cmdstat_xclaim", {"calls": 0})["calls"])


def after_long(client: Any, key: str) -> None:
    """Until it was looked for entries to take over for longer than they may be held; none is given out twice."""
    enough = searches(client) + 30

    def is_long() -> bool:
        if any(one["times_delivered"] > 1 for one in held(client, key)):
            pytest.fail("entries were given out a second time")
        return searches(client) >= enough

    eventually(is_long)


def test_a_worker_does_not_take_over_its_own_batch_while_postgres_is_locked(
    settings: Settings, redis_client: Any, key: str, database: Secret, connection: Connection
) -> None:
    worker, stop = make_worker(settings, key, limits=Limits(claim_idle_ms=IDLE_MS))
    with working(worker, stop), locked(database) as unlock:
        add_lives(redis_client, key, 10)
        eventually(lambda: pending(redis_client, key) == 40)
        after_long(redis_client, key)
        unlock()
        eventually(lambda: pending(redis_client, key) == 0)
    assert (worker.total.stored, worker.total.duplicates) == (40, 0)
    assert stored(connection) == 40


def test_another_worker_leaves_a_living_one_what_it_waits_with(
    settings: Settings, redis_client: Any, key: str, database: Secret, connection: Connection
) -> None:
    limits = Limits(max_entries=10, claim_idle_ms=IDLE_MS)
    first, stop_first = make_worker(settings, key, "w-1", limits)
    second, stop_second = make_worker(settings, key, "w-2", limits)
    third, stop_third = make_worker(settings, key, "w-3", limits)
    with ExitStack() as at_work, locked(database) as unlock:
        at_work.enter_context(working(first, stop_first))
        at_work.enter_context(working(second, stop_second))
        add_lives(redis_client, key, 15)  # each fills its hands: three batches
        eventually(lambda: pending(redis_client, key) == 60)
        before = {one["message_id"]: one["consumer"] for one in held(redis_client, key)}
        at_work.enter_context(working(third, stop_third))
        after_long(redis_client, key)
        assert {one["message_id"]: one["consumer"] for one in held(redis_client, key)} == before
        unlock()
        eventually(lambda: pending(redis_client, key) == 0)
    assert first.total.plus(second.total).plus(third.total) == Outcome(stored=60)


def test_a_broken_connection_to_redis_does_not_double_what_waits_for_postgres(
    settings: Settings, redis_client: Any, key: str, database: Secret, connection: Connection
) -> None:
    worker, stop = make_worker(settings, key, limits=Limits(claim_idle_ms=IDLE_MS))
    with working(worker, stop), locked(database) as unlock:
        add_lives(redis_client, key, 10)
        eventually(lambda: pending(redis_client, key) == 40)
        for _ in range(3):
            redis_client.client_kill_filter(_type="normal", skipme=True)
            eventually(lambda: redis_client.info("clients")["connected_clients"] > 1)
        # it holds on to them, although it waits to begin anew
        before = signs_of_life(redis_client)
        eventually(lambda: signs_of_life(redis_client) > before)
        eventually(lambda: max(one["time_since_delivered"] for one in held(redis_client, key)) < IDLE_MS / 4)
        unlock()
        eventually(lambda: pending(redis_client, key) == 0)
        add_lives(redis_client, key, 10)
        eventually(lambda: worker.total.stored == 80)
    assert (worker.total.stored, worker.total.duplicates) == (80, 0)


def test_what_is_left_at_an_orderly_stop_was_not_tried(
    settings: Settings, redis_client: Any, key: str, database: Secret, connection: Connection
) -> None:
    """Restarts while Postgres is away make no entry suspicious, and another worker need not wait for them."""
    add_lives(redis_client, key, 10)
    connection.execute("ALTER TABLE signal_events RENAME TO elsewhere")
    for _ in range(6):
        worker, stop = make_worker(settings, key)
        with working(worker, stop):
            eventually(lambda: pending(redis_client, key) == 40)
            eventually(lambda: all(one["times_delivered"] == 1 for one in held(redis_client, key)))
        assert {one["times_delivered"] for one in held(redis_client, key)} == {0}
    connection.execute("ALTER TABLE elsewhere RENAME TO signal_events")
    other, _ = make_worker(settings, key, "w-2")
    assert other.run(once=True).stored == 40
