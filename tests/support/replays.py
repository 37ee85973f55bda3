"""A session that is there, and the process that builds and runs what is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from replay.operations import jobs
from replay.sessions.build import build
from replay.sessions.sources import ArchiveSource
from signaltape import Settings
from tests.support.archived import DAY, NOON, record, write
from tests.support.waiting import eventually


def archived_session(data: Path, count: int = 60, apart: timedelta = timedelta(minutes=1)) -> str:
    """Orders in an archive, and a session of them; its id."""
    write(data, [record("order_log", NOON + number * apart, n=number) for number in range(count)])
    return build(data, ArchiveSource(data), DAY, now=datetime.now(UTC)).session_id


@contextmanager
def serving_replays(runner: Any, settings: Settings, **changes: str) -> Iterator[Any]:
    """`python -m replay serve`, once it works."""
    process = runner.start("replay", "serve", SIGNALTAPE_DATA=str(settings.data), **changes)
    eventually(lambda: jobs.is_served(settings))
    try:
        yield process
    finally:
        process.popen.terminate()
        process.popen.wait(40)
