"""The worker against real servers: drained, restarted, killed, claimed from; always each event once."""

from __future__ import annotations

import json
import logging
import random
import re
import signal
import threading
import time
from typing import Any

import psycopg
import pytest

from consumer.accepted import Outcome
from consumer.limits import Limits
from signaltape import Secret, Settings
from sink import quality
from sink.db import Connection, connect
from tests.integration.conftest import Runner
from tests.integration.draining import (
    add,
    add_lives,
    await_more_than,
    await_total,
    drain,
    make_worker,
    pending,
    stored,
)
from tests.support.samples import as_json, closed, published
from tests.support.waiting import ended, eventually


def test_it_drains_the_stream_from_its_start(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    add_lives(redis_client, key, 100)
    assert drain(settings, key) == Outcome(stored=400)
    assert drain(settings, key) == Outcome()
    assert stored(connection) == 400
    assert pending(redis_client, key) == 0
    assert redis_client.xinfo_consumers(key, "worker") == [], "it signed off"


def test_an_empty_stream_is_fine(settings: Settings, key: str) -> None:
    assert drain(settings, key) == Outcome()


def test_invalid_entries_go_to_the_dead_letters_and_hold_nothing_back(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    bad = [
        {"event": "signal_closed", "data": b"\xff\xfe not json"},
        {"event": "signal_lost", "data": b"{}"},
        {"event": b"\xff", "data": b"{}"},
        {"event": "signal_published", "data": as_json(published(confluence_score=1.7))},
        {"event": "signal_closed", "data": as_json(closed()), "v": "2"},
        {"event": "signal_closed", "data": as_json(closed()), "v": "two"},
        {"data": as_json(closed())},
        {"event": "signal_closed"},
        {"hello": "world"},
    ]
    for fields in bad:
        redis_client.xadd(key, fields)
        add(redis_client, key, "signal_closed", closed())
    redis_client.xadd(key, {"event": "signal_closed", "data": as_json(closed()), "v": "1", "id": "mine"})
    assert drain(settings, key) == Outcome(stored=10, dead=9)
    rows = connection.execute("SELECT event, raw, reason, entry_ts FROM dead_letters ORDER BY id").fetchall()
    assert rows[0][1] == b"\xff\xfe not json"
    assert [row[2].split(",")[0] for row in rows[2:]] == [
        "event must be one of signal_published",
        "confluence_score must be in 0..1",
        "v (schema version) must be 1",
        "v (schema version) must be a number",
        "the entry has no field 'event'",
        "the entry has no field 'data'",
        "the entry has no field 'event'",
    ]
    assert pending(redis_client, key) == 0


def test_a_missing_time_is_the_entrys_own(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    redis_client.xadd(key, {"event": "signal_closed", "data": as_json(closed())}, id="1642395600000-7")
    drain(settings, key)
    row = connection.execute("SELECT ts_closed AT TIME ZONE 'UTC', entry_id FROM signal_closures "
                             "JOIN signal_events USING (signal_id)").fetchone()  # fmt: skip
    assert row is not None
    assert (str(row[0]), row[1]) == ("2022-01-17 05:00:00", "1642395600000-7")


def test_an_entry_id_beyond_all_time_stops_nothing(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    for number, data in enumerate((as_json(closed()), b"{")):
        redis_client.xadd(key, {"event": "signal_closed", "data": data}, id=f"9999999999999999999-{number}")
    assert drain(settings, key) == Outcome(stored=1, dead=1)
    row = connection.execute("SELECT ts_closed::text FROM signal_closures").fetchone()
    assert row == ("2199-12-31 07:00:00+07",)


def test_its_own_pending_entries_come_first_after_a_restart(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    add_lives(redis_client, key, 30)
    redis_client.xgroup_create(key, "worker", id="0")
    redis_client.xreadgroup("worker", "w-1", {key: ">"}, count=50)  # given to w-1, which then died
    assert drain(settings, key, "w-1") == Outcome(stored=120)
    assert pending(redis_client, key) == 0


def test_entries_of_a_dead_consumer_are_taken_over(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    add_lives(redis_client, key, 10)
    redis_client.xgroup_create(key, "worker", id="0")
    redis_client.xreadgroup("worker", "gone", {key: ">"}, count=25)
    eventually(lambda: redis_client.xinfo_consumers(key, "worker")[0]["idle"] >= 100)
    assert drain(settings, key, "w-2", Limits(claim_idle_ms=100)) == Outcome(stored=40)
    assert pending(redis_client, key) == 0


def test_an_entry_deleted_while_pending_is_acknowledged(
    settings: Settings, redis_client: Any, key: str
) -> None:
    ids = [add(redis_client, key, "signal_closed", closed()) for _ in range(3)]
    redis_client.xgroup_create(key, "worker", id="0")
    redis_client.xreadgroup("worker", "w-1", {key: ">"})
    redis_client.xdel(key, ids[1])
    assert drain(settings, key) == Outcome(stored=2)
    assert pending(redis_client, key) == 0


def test_several_partitions(
    settings: Settings, redis_client: Any, runner: Runner, connection: Connection
) -> None:
    for number in range(3):
        add_lives(redis_client, f"{settings.stream}:{{{number}}}", 5)
    code, out, err = runner.run_anew("worker", "--once", SIGNALTAPE_PARTITIONS="3")
    assert (code, out) == (0, "stored 60, duplicates 0, conflicts 0, dead letters 0\n"), err


def test_kill_9_at_any_moment_during_100_000_events(
    settings: Settings, redis_client: Any, key: str, runner: Runner, connection: Connection
) -> None:
    add_lives(redis_client, key, 25_000)
    chance = random.Random(20220117)
    kills = 0
    while kills < 6 and stored(connection) < 90_000:
        process = runner.start("worker", "--batch", "2000", "--name", "victim")
        before = stored(connection)
        await_more_than(connection, before)
        time.sleep(chance.uniform(0, 0.4))  # any moment: the point of this test
        process.popen.send_signal(signal.SIGKILL)
        process.finish()
        kills += 1
    assert kills >= 3
    code, _, err = runner.run("worker", "--once", "--name", "victim")
    assert code == 0, err
    assert stored(connection) == 100_000
    assert quality.disagreements(connection) == {}
    assert pending(redis_client, key) == 0
    assert redis_client.xinfo_groups(key)[0]["lag"] == 0


def test_sigterm_finishes_the_batch_acknowledges_and_leaves(
    settings: Settings, redis_client: Any, key: str, runner: Runner, connection: Connection
) -> None:
    add_lives(redis_client, key, 10_000)
    process = runner.start("worker", "--batch", "1000")
    eventually(lambda: stored(connection) > 0)
    process.popen.terminate()
    code, out, err = process.finish(timeout=30)
    assert code == 0, err
    assert out == f"stored {stored(connection)}, duplicates 0, conflicts 0, dead letters 0\n"
    assert pending(redis_client, key) == 0
    assert redis_client.xinfo_consumers(key, "worker") == []


def test_two_workers_share_the_stream(
    redis_client: Any, key: str, runner: Runner, database: Secret, connection: Connection
) -> None:
    add_lives(redis_client, key, 5_000)
    redis_client.xgroup_create(key, "worker", id="0")
    with connect(database) as holder, holder.transaction():  # so that neither is done before the other begins
        holder.execute("LOCK TABLE signal_events IN ACCESS EXCLUSIVE MODE")
        both = [runner.start("worker", "--once", "--batch", "500") for _ in range(2)]
        eventually(lambda: len(redis_client.xinfo_consumers(key, "worker")) == 2)
    done = [process.finish() for process in both]
    assert [code for code, _, _ in done] == [0, 0], done
    assert stored(connection) == 20_000
    assert quality.disagreements(connection) == {}
    names = {err.split("consumer ")[1].split()[0] for _, _, err in done}
    assert len(names) == 2, "each has a name of its own"


def test_it_waits_for_postgres_and_says_so(
    settings: Settings, redis_client: Any, key: str, database: Secret, caplog: pytest.LogCaptureFixture
) -> None:
    worker, stop = make_worker(settings, key)
    name = database.reveal().partition("@/")[2].partition("?")[0]
    admin_url = database.reveal().replace(f"@/{name}?", "@/postgres?")
    with caplog.at_level(logging.INFO), psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        thread = threading.Thread(target=worker.run)
        thread.start()
        add_lives(redis_client, key, 10)
        eventually(lambda: "Postgres does not write, trying again in" in caplog.text)
        assert pending(redis_client, key) == 40
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        eventually(lambda: worker.total.stored == 40)
        assert "Postgres is back" in caplog.text
        stop.set()
        ended(thread)


def test_it_survives_a_terminated_session(
    settings: Settings, redis_client: Any, key: str, database: Secret
) -> None:
    worker, stop = make_worker(settings, key)
    thread = threading.Thread(target=worker.run)
    thread.start()
    for round_number in range(1, 4):
        add_lives(redis_client, key, 5)
        await_total(worker, round_number * 20)
        with connect(database) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'signaltape-worker' AND datname = current_database()"
            )
    stop.set()
    ended(thread)


def test_it_survives_a_flushed_redis(settings: Settings, redis_client: Any, key: str) -> None:
    worker, stop = make_worker(settings, key)
    thread = threading.Thread(target=worker.run)
    thread.start()
    add_lives(redis_client, key, 5)
    eventually(lambda: worker.total.stored == 20)
    redis_client.delete(key)
    add_lives(redis_client, key, 5)
    eventually(lambda: worker.total.stored == 40)
    stop.set()
    ended(thread)


def test_status_in_words_and_as_json(settings: Settings, redis_client: Any, key: str, runner: Runner) -> None:
    add(redis_client, key, "signal_closed", closed())
    redis_client.xadd(key, {"event": "signal_closed", "data": b"{}"})
    assert runner.run("worker", "--once")[0] == 0
    add_lives(redis_client, key, 2)
    code, out, err = runner.run("worker", "status", "--json")
    assert code == 0, err
    status = json.loads(out)
    assert status["partitions"][0]["lag_entries"] == 8
    assert status["partitions"][0]["pending"] == 0
    assert status["orphans"]["signal_closures"] == 1
    assert status["dead_letters"] == 1
    code, out, _ = runner.run("worker", "status")
    assert code == 0
    assert out.startswith("entries that wait: 8, in work: 0; the oldest for ")
    assert re.search(r"(?m)^orphans +signal_closures 1$", out)
    assert re.search(r"(?m)^dead letters +1$", out)
    assert out.endswith("\n\n→ start a worker: python -m worker\n")


def test_errors_are_one_line_that_says_what_to_do(runner: Runner) -> None:
    code, _, err = runner.run("worker", "--once", REDIS_URL="")
    assert code == 2
    assert "REDIS_URL is not set: export REDIS_URL=redis://host:6379/0" in err
    code, _, err = runner.run("worker", "--once", REDIS_URL="redis://127.0.0.1:1/0")
    assert code == 1
    assert err.strip().splitlines()[-1].startswith("Error: Redis: ")
    code, _, err = runner.run("worker", "status", DATABASE_URL="postgresql://u:hunter2@127.0.0.1:1/x")
    assert code == 1
    assert "Error: Postgres: " in err
    assert "hunter2" not in err
