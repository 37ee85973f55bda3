"""Dead letters as a tool, trimming that eats nothing unread, and an entry that crashes workers."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from consumer.accepted import Outcome
from consumer.consumer import Consumer
from consumer.limits import Limits
from consumer.lua import TRIM_BELOW_EVERY_GROUP
from consumer.poison import CANDIDATE_DELIVERIES, MAX_CRASHES, crash_key, is_poison, is_poison_candidate
from signaltape import Settings
from signaltape.contract.events import EVENTS
from signaltape.contract.records import RECORDS
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.integration.draining import add, add_lives, drain, make_worker, pending, stored
from tests.support.samples import as_json, closed, published

FOREVER = "9999999999999-0"


@pytest.fixture
def buried(settings: Settings, redis_client: Any, key: str) -> None:
    """Three kinds of dead letters, six in all."""
    for _ in range(3):
        add(redis_client, key, "signal_published", published(confluence_score=1.7))
    for _ in range(2):
        add(redis_client, key, "signal_lost", closed())
    redis_client.xadd(key, {"event": "signal_closed", "data": b"\xff\xfe", "v": "1"})
    assert drain(settings, key) == Outcome(dead=6)


def test_they_are_listed_and_counted_by_reason(buried: None, runner: Runner) -> None:
    code, out, err = runner.run("worker", "dead-letters", "list", "--json")
    assert code == 0, err
    listed = json.loads(out)
    assert [(count["reason"], count["letters"]) for count in listed["counts"]] == [
        ("confluence_score must be in 0..1", 3),
        (f"event must be one of {', '.join((*EVENTS, *RECORDS))}", 2),
        ("data must be JSON: JSON is malformed: invalid character (byte 0)", 1),
    ]
    assert len(listed["letters"]) == 6
    assert "confluence_score" in runner.run("worker", "dead-letters", "list")[1]


def test_filters_narrow_what_is_listed(buried: None, runner: Runner) -> None:
    def count(*options: str) -> int:
        return len(json.loads(runner.run("worker", "dead-letters", "list", "--json", *options)[1])["letters"])

    assert count("--event", "signal_lost") == 2
    assert count("--reason", "0..1") == 3
    assert count("--until", "2020-01-01") == 0
    assert count("--since", "2020-01-01", "--limit", "4") == 4


def test_one_is_shown_with_its_bytes(buried: None, runner: Runner, connection: Connection) -> None:
    row = connection.execute("SELECT id FROM dead_letters WHERE event = 'signal_closed'").fetchone()
    assert row is not None
    out = runner.run("worker", "dead-letters", "show", str(row[0]))[1]
    assert r"data      \xff\xfe" in out
    assert "field     v = 1" in out
    assert (
        json.loads(runner.run("worker", "dead-letters", "show", str(row[0]), "--json")[1])["fields"]["v"]
        == "1"
    )
    code, _, err = runner.run("worker", "dead-letters", "show", "999999")
    assert (code, err) == (1, "Error: there is no dead letter 999999\n")


def test_after_a_fix_they_land_once_with_the_time_of_their_first_arrival(
    settings: Settings, redis_client: Any, key: str, runner: Runner, connection: Connection
) -> None:
    """Events of a version that an older worker did not know; the newer one does."""
    for number in range(5):
        entry_id = f"164239560000{number}-0"
        redis_client.xadd(key, {"event": "signal_closed", "data": as_json(closed()), "v": "1"}, id=entry_id)
    redis_client.xadd(key, {"event": "signal_closed", "data": as_json(closed()), "v": "2"})
    drain(settings, key)
    connection.execute(
        "INSERT INTO dead_letters (stream, entry_id, event, raw, fields, reason, entry_ts)"
        " SELECT stream, entry_id, event, payload::text::bytea, '\\x92c4056576656e74c40d7369676e616c5f636c6f736564',"
        " 'a bug', ts FROM signal_events"
    )
    connection.execute("TRUNCATE signal_events, signal_closures")
    assert runner.run("worker", "dead-letters", "requeue", "--reason", "a bug")[1] == "requeued 5 letter(s)\n"
    assert drain(settings, key) == Outcome(stored=5)
    times = connection.execute(
        "SELECT to_char(ts_closed AT TIME ZONE 'UTC', 'YYYY-MM-DD') FROM signal_closures"
    )
    assert set(times.fetchall()) == {("2022-01-17",)}
    left = connection.execute("SELECT reason FROM dead_letters").fetchall()
    assert left == [("v (schema version) must be 1, got 2",)]


def test_requeued_while_still_broken_they_come_back(
    buried: None, settings: Settings, key: str, runner: Runner
) -> None:
    assert runner.run("worker", "dead-letters", "requeue", "--all")[1] == "requeued 6 letter(s)\n"
    assert drain(settings, key) == Outcome(dead=6)


def test_dropping_needs_a_choice_and_a_yes(buried: None, runner: Runner, connection: Connection) -> None:
    code, _, err = runner.run("worker", "dead-letters", "drop", "--yes")
    assert code == 2
    assert "say which: ids, a filter, or --all" in err
    assert runner.run("worker", "dead-letters", "drop", "--event", "signal_lost", "--yes")[1] == (
        "dropped 2 letter(s)\n"
    )
    assert connection.execute("SELECT count(*) FROM dead_letters").fetchone() == (4,)


def test_trimming_keeps_what_any_group_has_not_read_or_not_acknowledged(redis_client: Any, key: str) -> None:
    ids = [redis_client.xadd(key, {"n": number}) for number in range(10)]

    def trim(below: str = FOREVER) -> int:
        return int(redis_client.eval(TRIM_BELOW_EVERY_GROUP, 1, key, below))

    assert trim() == 0, "nobody reads it: nothing is trimmed"
    redis_client.xgroup_create(key, "worker", id="0")
    assert trim() == 0, "nothing was given out yet"
    redis_client.xreadgroup("worker", "a", {key: ">"}, count=6)
    assert trim() == 0, "nothing was acknowledged yet"
    redis_client.xack(key, "worker", *ids[1:4])
    assert trim() == 0, "the first is still pending"
    redis_client.xack(key, "worker", ids[0])
    redis_client.xgroup_create(key, "archiver", id=ids[1])
    assert trim() == 1, "another group has read only the second"
    assert redis_client.xrange(key)[0][0] == ids[1]
    redis_client.xreadgroup("archiver", "b", {key: ">"})
    redis_client.xack(key, "archiver", *ids)
    assert trim(ids[3].decode()) == 2, "not below the retention age"
    assert trim() == 1, "up to the oldest that the worker has pending"
    assert redis_client.xrange(key)[0][0] == ids[4]


def test_the_worker_trims_what_is_older_than_the_retention(
    settings: Settings, redis_client: Any, key: str
) -> None:
    for number in range(5):
        redis_client.xadd(key, {"event": "signal_closed", "data": as_json(closed())}, id=f"{1000 + number}-0")
    add_lives(redis_client, key, 2)
    assert drain(settings, key, limits=Limits(retention_s=3600)) == Outcome(stored=13)
    drain(settings, key, limits=Limits(retention_s=3600))
    assert redis_client.xlen(key) == 8


def test_a_stream_that_outgrows_its_bound_is_reported_and_not_cut(
    settings: Settings, redis_client: Any, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    add_lives(redis_client, key, 50)
    with caplog.at_level(logging.WARNING):
        drain(settings, key, limits=Limits(stream_max_bytes=1000))
    assert "more than SIGNALTAPE_STREAM_MAX_BYTES=1000; nothing is cut" in caplog.text
    assert redis_client.xlen(key) == 200


def test_poison_candidates_get_isolated_attempts_and_only_crashes_count(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    add_lives(redis_client, key, 5)
    redis_client.xgroup_create(key, "worker", id="0")
    redis_client.xreadgroup("worker", "w-1", {key: ">"})
    for _ in range(CANDIDATE_DELIVERIES):
        redis_client.xreadgroup("worker", "w-1", {key: "0"})
    assert drain(settings, key, "w-1") == Outcome(stored=20)
    assert stored(connection) == 20
    assert redis_client.exists(crash_key(key)) == 0, "no try ended in a crash, so none is counted"


def test_an_entry_whose_isolated_attempts_crash_becomes_a_dead_letter(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    culprit = add(redis_client, key, "signal_closed", closed())
    add_lives(redis_client, key, 5)
    redis_client.xgroup_create(key, "worker", id="0")
    redis_client.xreadgroup("worker", "w-1", {key: ">"})
    for _ in range(CANDIDATE_DELIVERIES):
        redis_client.xreadgroup("worker", "w-1", {key: "0"})
    redis_client.hset(crash_key(key), culprit, MAX_CRASHES)
    assert drain(settings, key, "w-1") == Outcome(stored=20, dead=1)
    row = connection.execute("SELECT entry_id, reason FROM dead_letters").fetchone()
    assert row == (culprit, f"it ended its worker {MAX_CRASHES} times in a row when tried alone")
    assert pending(redis_client, key) == 0
    assert redis_client.exists(crash_key(key)) == 0


def test_the_limits_of_suspicion() -> None:
    assert not is_poison_candidate(CANDIDATE_DELIVERIES - 1)
    assert is_poison_candidate(CANDIDATE_DELIVERIES)
    assert not is_poison(MAX_CRASHES)
    assert is_poison(MAX_CRASHES + 1)


def test_a_consumer_with_pending_entries_is_never_deleted(
    settings: Settings, redis_client: Any, key: str
) -> None:
    add_lives(redis_client, key, 1)
    redis_client.xgroup_create(key, "worker", id="0")
    redis_client.xreadgroup("worker", "holds", {key: ">"}, count=1)
    redis_client.xgroup_createconsumer(key, "worker", "idle")
    assert settings.redis_url is not None
    consumer = Consumer(settings.redis_url, "me", [key])
    assert consumer.delete_idle(0) == ["idle"]
    consumer.close()
    assert pending(redis_client, key) == 1


def test_metrics_show_lag_pending_and_backlog(
    settings: Settings, redis_client: Any, key: str, runner: Runner
) -> None:
    from tests.support.scraping import scraped
    from worker.metrics import worker_parts

    add_lives(redis_client, key, 3)
    worker, _ = make_worker(settings, key)
    assert settings.database_url is not None
    parts = worker_parts(redis_client, settings.database_url, settings, lambda: worker.total)
    before = scraped(parts)
    assert f'signaltape_lag_entries{{stream="{key}"}} 12.0' in before
    worker.run(once=True)
    after = scraped(parts)
    assert f'signaltape_lag_entries{{stream="{key}"}} 0.0' in after
    assert 'signaltape_stored_rows_total{what="events"} 12.0' in after
    assert 'signaltape_worker_entries_total{outcome="stored"} 12.0' in after
