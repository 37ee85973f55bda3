"""Entries that Postgres refuses hold up no others, however many they are and wherever those stand."""

from __future__ import annotations

import time
from typing import Any

import pytest
import redis

from consumer.accepted import Outcome
from consumer.consumer import Consumer
from consumer.entry import Entry
from consumer.poison import CANDIDATE_DELIVERIES, crash_key
from signaltape import Settings
from sink.db import Connection
from tests.integration.draining import add, add_lives, drain, make_worker, pending, stored
from tests.integration.test_refused import add_trades, dead
from tests.support.records import RECORD_SAMPLES
from tests.support.waiting import eventually
from tests.support.working import working

REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF NEW.event = 'trade_log' THEN RAISE EXCEPTION 'no trades'; END IF; RETURN NEW; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON records FOR EACH ROW EXECUTE FUNCTION refuse()
"""


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was set aside is tried again in a moment."""
    monkeypatch.setattr("consumer.prefetcher.BLOCK_MS", 20)
    monkeypatch.setattr("signaltape.shipping.backoff.Backoff.next_s", lambda self: 0.05)


def give_out(client: Any, key: str, *, deliveries: int = 1) -> None:
    """All entries are given to the worker, so many times, and never acknowledged: as if it had been killed."""
    client.xgroup_create(key, "worker", id="0")
    given = client.xreadgroup("worker", "w-1", {key: ">"}, count=10_000)
    ids = [entry_id for entry_id, _ in given[0][1]]
    client.xclaim(key, "worker", "w-1", 0, ids, retrycount=deliveries, justid=True)


def test_what_a_killed_worker_held_behind_a_thousand_refused_entries_is_stored(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    connection.execute(REFUSE)
    add_trades(redis_client, key, 1200)
    add_lives(redis_client, key, 5)
    give_out(redis_client, key)
    worker, stop = make_worker(settings, key)
    with working(worker, stop):
        eventually(lambda: stored(connection) == 20)
        assert dead(connection) == []


def test_one_that_is_refused_does_not_keep_others_from_their_isolated_attempts(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    """Nothing new comes in, so nothing proves that it is the entry's own fault: it is never given up."""
    connection.execute(REFUSE)
    add_trades(redis_client, key, 1)
    add(redis_client, key, "market_trade", RECORD_SAMPLES["market_trade"])
    give_out(redis_client, key, deliveries=CANDIDATE_DELIVERIES)
    worker, stop = make_worker(settings, key)
    with working(worker, stop):
        eventually(lambda: worker.total.stored == 1)


def test_one_that_is_refused_does_not_keep_another_of_its_kind_from_its_isolated_attempt(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    connection.execute(REFUSE.replace("NEW.event = 'trade_log'", "NEW.payload ->> 'symbol' = 'BAD'"))
    trade = RECORD_SAMPLES["trade_log"]
    add(redis_client, key, "trade_log", {**trade, "symbol": "BAD"})
    add(redis_client, key, "trade_log", trade)
    give_out(redis_client, key, deliveries=CANDIDATE_DELIVERIES)
    worker, stop = make_worker(settings, key)
    with working(worker, stop):
        eventually(lambda: worker.total.stored == 1)


def test_giving_up_many_entries_does_not_hold_up_new_ones(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    connection.execute(REFUSE)
    add_trades(redis_client, key, 800)
    add_lives(redis_client, key, 1)
    give_out(redis_client, key, deliveries=CANDIDATE_DELIVERIES)
    ids = [one["message_id"] for one in redis_client.xpending_range(key, "worker", "-", "+", 1000)]
    # those that pass prove that it is the others' own fault
    redis_client.xclaim(key, "worker", "w-1", 0, ids[-4:], retrycount=1, justid=True)
    worker, stop = make_worker(settings, key)
    with working(worker, stop):
        eventually(lambda: worker.total.dead > 0)
        add_lives(redis_client, key, 1)
        added = time.monotonic()
        eventually(lambda: worker.total.stored == 8, timeout=60)
        took_s = time.monotonic() - added
        given_up = worker.total.dead
        assert pending(redis_client, key)
    assert took_s < 2, (took_s, given_up)
    assert given_up < 800


def test_more_of_them_than_are_kept_in_memory_all_have_their_turn(
    settings: Settings, redis_client: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumer.isolation._MOST_WAITING", 3)
    add_lives(redis_client, key, 2)
    give_out(redis_client, key, deliveries=CANDIDATE_DELIVERIES)
    assert drain(settings, key) == Outcome(stored=8)


def test_a_thousand_of_a_kind_that_is_refused_do_not_keep_another_kind_from_its_isolated_attempts(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    """Nothing new comes in, so nothing proves that it is the entries' own fault: they stay before the other kind."""
    connection.execute(REFUSE)
    add_trades(redis_client, key, 1200)
    add(redis_client, key, "market_trade", RECORD_SAMPLES["market_trade"])
    give_out(redis_client, key, deliveries=CANDIDATE_DELIVERIES)
    worker, stop = make_worker(settings, key)
    with working(worker, stop):
        eventually(lambda: worker.total.stored == 1)


def test_an_attempt_whose_count_has_no_answer_is_no_crash(
    settings: Settings, redis_client: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis counts, and the line breaks before it says so: four times, while the process lives on."""
    begin, breaks = Consumer.begin_isolated_attempt, iter(range(4))

    def begin_unheard(self: Consumer, entry: Entry) -> int | None:
        tries = begin(self, entry)
        if next(breaks, None) is not None:
            raise redis.ConnectionError("Connection closed by server.")
        return tries

    monkeypatch.setattr(Consumer, "begin_isolated_attempt", begin_unheard)
    add(redis_client, key, "market_trade", RECORD_SAMPLES["market_trade"])
    give_out(redis_client, key, deliveries=CANDIDATE_DELIVERIES)
    worker, stop = make_worker(settings, key)
    with working(worker, stop):
        eventually(lambda: worker.total.stored + worker.total.dead)
    assert worker.total == Outcome(stored=1)
    assert not redis_client.hlen(crash_key(key))
