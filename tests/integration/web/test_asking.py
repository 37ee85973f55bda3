"""What a page asks of the rooms cannot write, and ends in time; comparisons wait for each other."""

from __future__ import annotations

import asyncio
import threading
from decimal import Decimal
from typing import Any

import pytest

from outbox.outbox import Outbox
from reports.operations.deliveries import resend
from signaltape import Settings
from signaltape.clock import utc_now
from signaltape.errors import Unavailable
from signaltape.stopping import until
from sink.db import Connection, connect, database_url
from sink.plain_errors import plain_errors
from tests.support.book import W03
from tests.support.sending import REPORT, SOON, now
from web.asking import asked
from web.http.problems import Problem
from web.whatif import WhatIfs


def test_what_is_asked_cannot_write(settings: Settings, connection: Connection) -> None:
    Outbox(connection).enqueue("k", "42", REPORT, now() + SOON)
    connection.execute("UPDATE outbox SET state = 'failed'")
    row = connection.execute("SELECT id FROM outbox").fetchall()[0]
    with pytest.raises(Unavailable, match="read-only transaction"):
        asyncio.run(asked(resend, settings, row[0], utc_now()))
    resend(settings, row[0], utc_now())


def test_what_is_asked_ends_in_time(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    @plain_errors()
    def slow() -> None:
        with connect(database_url(settings)) as session:
            session.execute("SELECT pg_sleep(60)")

    monkeypatch.setattr("web.asking._LONGEST_MS", 50)
    with pytest.raises(Unavailable, match="statement timeout"):
        asyncio.run(asked(slow))


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A comparison that goes on until it is told to stop. Returns what says that it has begun."""
    begun = threading.Event()

    def compare(*_given: Any, stop: threading.Event) -> None:
        begun.set()
        stop.wait(60)
        until(stop, lambda: None, "stopped")()

    monkeypatch.setattr("web.whatif.what_if", compare)
    return begun


def test_a_comparison_that_takes_too_long_is_ended(
    settings: Settings, endless: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.whatif._WITHIN_S", 0.05)
    with pytest.raises(Problem, match="fewer weeks"):
        asyncio.run(WhatIfs().compare(settings, W03, {"a": Decimal(1)}, 8))


def test_one_is_compared_at_a_time(
    settings: Settings, endless: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.whatif._TURN_S", 0.05)

    async def two() -> None:
        comparing = WhatIfs()
        first = asyncio.create_task(comparing.compare(settings, W03, {"a": Decimal(1)}, 8))
        await asyncio.to_thread(endless.wait, 60)
        with pytest.raises(Problem, match="Another what-if"):
            await comparing.compare(settings, W03, {"a": Decimal(1)}, 8)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first

    asyncio.run(two())
