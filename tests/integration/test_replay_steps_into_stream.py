"""A replay into a stream that is stepped through as fast as possible; and a stream of more partitions than are set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from replay.archive.layout import sessions_folder
from replay.sessions.build import build
from replay.sessions.choosing import chosen
from replay.sessions.sources import ArchiveSource
from replay.sessions.steering import ask, is_running
from signaltape import Settings
from signaltape.stream import replay_key, stream_key
from tests.integration.conftest import Runner
from tests.support.archived import DAY, NOON, record, write
from tests.support.waiting import eventually


def test_an_event_that_was_stepped_to_is_in_the_stream_at_once_at_any_speed(
    settings: Settings, runner: Runner, redis_client: Any, tmp_path: Path
) -> None:
    data = tmp_path
    write(data, [record("order_log", NOON + timedelta(seconds=number)) for number in range(3)])
    session = build(data, ArchiveSource(data), DAY, now=datetime.now(UTC)).session_id
    folder, key = sessions_folder(data) / session, replay_key(settings.stream, session)
    replay = runner.start("replay", "run", session, "--max", "--step", SIGNALTAPE_DATA=str(data))
    eventually(lambda: is_running(folder))
    ask(folder, "step")
    assert eventually(lambda: redis_client.xlen(key)) == 1
    ask(folder, "stop")
    code, out, _ = replay.finish()
    assert code == 0
    assert "stopped after 1 of 3" in out


def test_a_session_of_the_stream_holds_what_lies_in_partitions_beyond_those_that_are_set(
    settings: Settings, redis_client: Any
) -> None:
    name, payload = record("order_log")
    for number in range(2):
        redis_client.xadd(stream_key(settings.stream, number), {"event": name, "data": payload})
    with chosen(settings, "stream", DAY) as choice:
        assert choice.source.count(DAY).total() == 2
