"""`--once` drains whatever can be drained, and says by its exit code that something was left."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.accepted import Outcome
from consumer.limits import Limits
from consumer.link import Link
from signaltape import Settings
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.integration.draining import add_lives, drain, make_worker, pending, stored
from tests.integration.test_refused import REFUSE_TRADES, add_trades
from tests.support.waiting import eventually


def test_a_refused_kind_does_not_keep_the_rest_in_the_stream(
    settings: Settings, redis_client: Any, key: str, connection: Connection, runner: Runner
) -> None:
    connection.execute(REFUSE_TRADES)
    add_trades(redis_client, key, 2)
    add_lives(redis_client, key, 5)
    code, _, err = runner.run("worker", "--once")
    assert (code, err.splitlines()[-1]) == (1, "Error: Postgres: no trades")
    assert stored(connection) == 20
    assert pending(redis_client, key) == 2
    connection.execute("DROP TRIGGER refuse ON records")
    name = redis_client.xinfo_consumers(key, "worker")[0]["name"].decode()
    assert drain(settings, key, name) == Outcome(stored=2)


def give_to_the_dead(client: Any, key: str) -> None:
    add_lives(client, key, 5)
    client.xgroup_create(key, "worker", id="0")
    client.xreadgroup("worker", "gone", {key: ">"})
    eventually(lambda: len(client.xpending_range(key, "worker", "-", "+", 20, idle=100)) == 20)


def test_all_that_a_dead_worker_held_is_taken_over_however_much_it_is(
    settings: Settings, redis_client: Any, key: str
) -> None:
    give_to_the_dead(redis_client, key)
    limits = Limits(max_entries=3, claim_idle_ms=100)
    assert drain(settings, key, limits=limits) == Outcome(stored=20)
    assert pending(redis_client, key) == 0


def test_large_entries_are_read_a_few_at_a_time(
    settings: Settings, redis_client: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that was killed for its memory would read, and die, again and again."""
    monkeypatch.setattr("consumer.prefetcher.BATCH_BYTES", 100_000)
    read = Link.read
    largest = 0

    def measured(self: Link, *arguments: Any, **named: Any) -> Any:
        nonlocal largest
        found = read(self, *arguments, **named)
        largest = max(largest, sum(len(one.fields[3]) for one in found if one.fields))
        return found

    monkeypatch.setattr(Link, "read", measured)
    for _ in range(300):
        redis_client.xadd(key, {"event": "signal_closed", "data": b" " * 10_000})
    redis_client.xgroup_create(key, "worker", id="0")
    redis_client.xreadgroup("worker", "w-1", {key: ">"}, count=150)
    assert make_worker(settings, key)[0].run(once=True) == Outcome(dead=300)
    assert largest <= 200_000
