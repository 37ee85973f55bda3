"""A worker whose database is of another version says so in one line, and goes on once it is mended."""

from __future__ import annotations

from typing import Any

import pytest

from signaltape import Settings
from sink.db import Connection
from tests.integration.draining import add_lives, make_worker, pending
from tests.support.waiting import eventually
from tests.support.working import working

HINT = "the database is newer or older than this worker"


@pytest.mark.parametrize(
    ("change", "back"),
    [
        ("DROP INDEX dead_letters_once", None),  # 42P10
        (
            "ALTER TABLE sink_counters RENAME TO else_counters",
            "ALTER TABLE else_counters RENAME TO sink_counters",
        ),
        (
            "ALTER TABLE signal_events RENAME COLUMN payload TO other",
            "ALTER TABLE signal_events RENAME COLUMN other TO payload",
        ),
    ],
)
def test_it_is_said_in_one_line(
    change: str,
    back: str | None,
    settings: Settings,
    redis_client: Any,
    key: str,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("signaltape.shipping.backoff.Backoff.next_s", lambda self: 0.05)
    monkeypatch.setattr("consumer.prefetcher.BLOCK_MS", 20)
    monkeypatch.setattr("consumer.poison.CANDIDATE_DELIVERIES", 10**6)
    index = connection.execute(
        "SELECT indexdef FROM pg_indexes WHERE indexname = 'dead_letters_once'"
    ).fetchall()[0][0]
    connection.execute(change)
    add_lives(redis_client, key, 1)
    redis_client.xadd(key, {"event": "nothing", "data": b"{"})
    worker, stop = make_worker(settings, key)
    with working(worker, stop):
        eventually(lambda: HINT in caplog.text)
        eventually(lambda: caplog.text.count("again") > 4)
        connection.execute(back or index)
        eventually(lambda: worker.total.dead == 1 and pending(redis_client, key) == 0)
    assert worker.total.stored == 4
    said = [one.message for one in caplog.records if HINT in one.message]
    assert len(said) == 1
    assert "python -m sink migrate" in said[0]
    assert "\n" not in said[0]
