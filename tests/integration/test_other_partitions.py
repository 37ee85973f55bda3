"""Engines and workers that are set to different numbers of partitions: nothing is stranded."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from consumer.partitions import keys_beyond, streams_beyond
from signaltape import Settings
from signaltape.stream import stream_key, stream_keys
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.integration.draining import add_lives, make_worker, stored
from tests.support.waiting import ended, eventually


def unread(client: Any, key: str, group: str) -> tuple[int, int]:
    """Entries of a group that wait and that are in work; none of a stream that has no such group."""
    found = [one for one in client.xinfo_groups(key) if one["name"] == group.encode()]
    assert found, f"{key} has no group {group}"
    return found[0]["lag"], found[0]["pending"]


def test_a_worker_of_fewer_partitions_drains_those_that_are_there(
    settings: Settings, redis_client: Any, runner: Runner, connection: Connection
) -> None:
    keys = stream_keys(settings.stream, 4)
    for key in keys:
        add_lives(redis_client, key, 5)
    code, out, err = runner.run("worker", "--once", SIGNALTAPE_PARTITIONS="1")
    assert (code, out) == (0, "stored 80, duplicates 0, conflicts 0, dead letters 0\n"), err
    assert [unread(redis_client, key, "worker") for key in keys] == [(0, 0)] * 4
    assert stored(connection) == 80
    assert f"reading {keys[1]}, {keys[2]}, {keys[3]} too" in err
    assert not any(redis_client.xinfo_consumers(key, "worker") for key in keys), "it signed off everywhere"


def test_a_dead_workers_entries_beyond_are_taken_over(
    settings: Settings, redis_client: Any, runner: Runner
) -> None:
    beyond = stream_key(settings.stream, 2)
    add_lives(redis_client, beyond, 5)
    redis_client.xgroup_create(beyond, "worker", id="0")
    redis_client.xreadgroup("worker", "gone", {beyond: ">"}, count=7)
    redis_client.xreadgroup("worker", "again", {beyond: ">"}, count=5)
    eventually(lambda: redis_client.xpending_range(beyond, "worker", "-", "+", 1, idle=100))
    code, out, err = runner.run("worker", "--once", "--name", "again", "--claim-idle-ms", "100")
    assert (code, out) == (0, "stored 20, duplicates 0, conflicts 0, dead letters 0\n"), err


def test_a_partition_that_comes_into_being_later_is_found_and_one_that_vanishes_holds_nothing_up(
    settings: Settings, redis_client: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumer.prefetcher.LOOK_EVERY_S", 0.05, raising=False)
    worker, stop = make_worker(settings, key, beyond=keys_beyond(settings.stream, 1))
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        add_lives(redis_client, key, 1)
        eventually(lambda: worker.total.stored == 4)
        add_lives(redis_client, stream_key(settings.stream, 255), 2)
        eventually(lambda: worker.total.stored == 12)
        redis_client.delete(stream_key(settings.stream, 255))
        add_lives(redis_client, key, 1)
        eventually(lambda: worker.total.stored == 16)
        redis_client.set(stream_key(settings.stream, 7), "not a stream")
        add_lives(redis_client, stream_key(settings.stream, 8), 1)
        eventually(lambda: worker.total.stored == 20)
    finally:
        stop.set()
        ended(thread)
    assert worker.total.duplicates == 0


def test_the_archiver_drains_them_too(settings: Settings, redis_client: Any, runner: Runner) -> None:
    keys = stream_keys(settings.stream, 3)
    for key in keys:
        add_lives(redis_client, key, 2)
    code, out, err = runner.run("replay", "archive", "--once", SIGNALTAPE_DATA=str(settings.home))
    assert code == 0, err
    assert "24" in out
    assert [unread(redis_client, key, "archive") for key in keys] == [(0, 0)] * 3


def test_status_shows_them_with_their_lag(settings: Settings, redis_client: Any, runner: Runner) -> None:
    for number in (0, 3):
        add_lives(redis_client, stream_key(settings.stream, number), 2)
    code, out, err = runner.run("worker", "status", "--json")
    assert code == 0, err
    shown = [(one["key"], one["lag_entries"], one["beyond"]) for one in json.loads(out)["partitions"]]
    assert shown == [
        (stream_key(settings.stream, 0), 8, False),
        (stream_key(settings.stream, 3), 8, True),
    ]
    assert "beyond SIGNALTAPE_PARTITIONS=1" in runner.run("worker", "status")[1]


def test_only_streams_of_this_name_beyond_the_number_count(settings: Settings, redis_client: Any) -> None:
    for number in (0, 1, 17, 255, 256):
        redis_client.xadd(stream_key(settings.stream, number), {"a": "b"})
    redis_client.set(stream_key(settings.stream, 5), "not a stream")
    assert streams_beyond(redis_client, settings.stream, 2) == [
        stream_key(settings.stream, number) for number in (17, 255)
    ]
    assert streams_beyond(redis_client, settings.stream, 256) == []


def test_the_most_partitions_are_what_the_settings_allow() -> None:
    assert Settings.from_env({"SIGNALTAPE_PARTITIONS": "256"}).partitions == 256
    assert keys_beyond("s", 256) == []
    with pytest.raises(Exception, match="SIGNALTAPE_PARTITIONS"):
        Settings.from_env({"SIGNALTAPE_PARTITIONS": "257"})
