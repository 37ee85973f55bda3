"""A desk that was switched off for good does not make the stream grow without end; one that lives is waited for."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.consumer import Consumer
from consumer.janitor import WAITED_FOR_S, Janitor
from consumer.tape_order import TapeReader
from signaltape import Settings
from signaltape.stream import DESK_GROUP, GHOST_GROUP, GUARD_GROUP

DAY_S = 86_400
_OLD_MS = 1_600_000_000_000


@pytest.fixture
def worker(settings: Settings, key: str) -> Consumer:
    assert settings.redis_url is not None
    made = Consumer(settings.redis_url, "w-1", [key])
    made.ensure_group()
    return made


def old_entries(client: Any, key: str, worker: Consumer) -> list[bytes]:
    """Entries of long ago that the worker is done with."""
    ids = [client.xadd(key, {"event": "x", "data": "{}"}, id=f"{_OLD_MS + number}-0") for number in range(4)]
    worker.acknowledge({key: [entry.entry_id for entry in worker.read_new(10)]})
    return ids


def tidy(worker: Consumer) -> None:
    Janitor(worker, retention_s=DAY_S, stream_max_bytes=0).tidy()


def groups(client: Any, key: str) -> set[bytes]:
    return {one["name"] for one in client.xinfo_groups(key)}


def test_trimming_waits_for_the_desk_for_two_days_and_no_longer(
    redis_client: Any, key: str, worker: Consumer, caplog: pytest.LogCaptureFixture
) -> None:
    assert WAITED_FOR_S[DESK_GROUP] == 2 * DAY_S
    old_entries(redis_client, key, worker)
    redis_client.xgroup_create(key, DESK_GROUP, id="0")
    tidy(worker)
    assert redis_client.xlen(key) == 1, "but for the last one, which trimming leaves"
    assert groups(redis_client, key) == {b"worker"}
    assert f"{key} waits for the group desk no longer" in caplog.text


def test_what_a_desk_that_died_had_in_hand_is_not_waited_for_either(
    redis_client: Any, key: str, worker: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_entries(redis_client, key, worker)
    redis_client.xgroup_create(key, DESK_GROUP, id="0")
    redis_client.xreadgroup(DESK_GROUP, "d-1", {key: ">"}, count=1)
    monkeypatch.setattr("consumer.partition._SILENT_MS", 0)  # it has been silent since
    tidy(worker)
    assert redis_client.xlen(key) == 1
    assert groups(redis_client, key) == {b"worker"}


def test_a_desk_that_lives_is_waited_for_however_far_behind_it_is(
    redis_client: Any, key: str, worker: Consumer
) -> None:
    ids = old_entries(redis_client, key, worker)
    redis_client.xgroup_create(key, DESK_GROUP, id="0")
    redis_client.xreadgroup(DESK_GROUP, "d-1", {key: ">"}, count=1)
    tidy(worker)
    assert redis_client.xlen(key) == len(ids)
    assert DESK_GROUP.encode() in groups(redis_client, key)


def test_a_desk_that_is_done_or_only_some_hours_behind_keeps_its_group(
    redis_client: Any, key: str, worker: Consumer
) -> None:
    ids = old_entries(redis_client, key, worker)
    redis_client.xgroup_create(key, DESK_GROUP, id=ids[-1])
    tidy(worker)
    assert DESK_GROUP.encode() in groups(redis_client, key), "done with all there is"
    redis_client.xadd(key, {"event": "x", "data": "{}"})
    tidy(worker)
    assert DESK_GROUP.encode() in groups(redis_client, key), "behind with a new one"


def test_no_other_group_is_let_go(redis_client: Any, key: str, worker: Consumer) -> None:
    ids = old_entries(redis_client, key, worker)
    redis_client.xgroup_create(key, "archive", id="0")
    tidy(worker)
    assert redis_client.xlen(key) == len(ids)


def test_a_ghost_is_waited_for_while_it_lives_and_for_a_week_when_it_is_gone(
    redis_client: Any, key: str, worker: Consumer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert WAITED_FOR_S[GHOST_GROUP] == 7 * DAY_S
    assert WAITED_FOR_S[GUARD_GROUP] == DAY_S
    ids = old_entries(redis_client, key, worker)
    assert settings.redis_url is not None
    reader = TapeReader(settings.redis_url, [key], GHOST_GROUP)
    reader.begin({})
    assert reader.follow({key: ids[1].decode()}) == []
    tidy(worker)
    assert groups(redis_client, key) == {b"worker", b"ghost"}
    assert redis_client.xlen(key) == 3, "all behind its place, and that one"
    monkeypatch.setattr("consumer.partition._SILENT_MS", 0)
    tidy(worker)
    assert groups(redis_client, key) == {b"worker"}
    assert reader.follow({key: ids[1].decode()}) == [key], "it is told when it is back"
    reader.close()
