"""A sender that waits is told what is put in; where no notification comes through, it looks by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from outbox import sender as sending
from outbox.bot_api import BotApi
from outbox.leases import Leases
from outbox.outbox import Outbox
from signaltape import Secret
from sink.db import Connection, DatabaseError
from tests.support.botapi import TOKEN, BotServer, bot_server
from tests.support.sending import CALL_TIMEOUT_S, REPORT, SOON, QuickSender, now, state

#: Longer than any test may take.
NEVER_S = 3600.0
WITHIN_S = 30.0


def run_until_filled(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]
) -> BotServer:
    """Run a sender; `act` when it waits for the first time. Ends when a text stands in the chat."""
    told = Leases.told
    acted = asyncio.Event()

    async def tell(leases: Leases, longest_s: float) -> None:
        if not acted.is_set():
            acted.set()
            act()
        await told(leases, longest_s)

    monkeypatch.setattr(Leases, "told", tell)
    return asyncio.run(_run(connection, acted))


async def _run(connection: Connection, acted: asyncio.Event) -> BotServer:
    stop = asyncio.Event()
    async with bot_server() as server, BotApi(Secret(TOKEN), server.base, CALL_TIMEOUT_S) as api:
        running = asyncio.create_task(QuickSender(connection, api).run(stop))
        async with asyncio.timeout(WITHIN_S):
            while REPORT.text not in server.messages.values() and not running.done():
                await asyncio.sleep(0.01)
            stop.set()
            await running
        return server


def put_in(connection: Connection) -> bool:
    return Outbox(connection).enqueue("k", "42", REPORT, now() + SOON)


def test_a_sender_that_waits_is_told_what_is_put_in(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "IDLE_S", NEVER_S)
    run_until_filled(connection, monkeypatch, lambda: put_in(connection))
    assert state(connection) in ("sending", "sent")


def test_a_sender_that_waits_is_told_what_is_resent(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "IDLE_S", NEVER_S)
    put_in(connection)
    ((number,),) = connection.execute("UPDATE outbox SET state = 'uncertain' RETURNING id").fetchall()
    run_until_filled(connection, monkeypatch, lambda: Outbox(connection).resend(number, now() + SOON))
    assert state(connection) in ("sending", "sent")


def test_a_sender_that_no_notification_reaches_looks_by_itself(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deaf(_leases: Leases) -> None:
        """As behind a pooler that lends a connection for a transaction only."""

    monkeypatch.setattr(Leases, "listen", deaf)
    monkeypatch.setattr(sending, "IDLE_S", 0.05)
    run_until_filled(connection, monkeypatch, lambda: put_in(connection))


def test_a_postgres_that_lets_nobody_listen_is_looked_at(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def refused(_leases: Leases) -> None:
        raise DatabaseError("cannot execute LISTEN during recovery")

    monkeypatch.setattr(Leases, "listen", refused)
    monkeypatch.setattr(sending, "IDLE_S", 0.05)
    put_in(connection)
    asyncio.run(_run(connection, asyncio.Event()))
    assert "cannot execute LISTEN during recovery" in caplog.text


def test_a_sender_that_waits_to_be_told_ends_when_it_is_to_stop(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "IDLE_S", NEVER_S)
    told = Leases.told

    async def run() -> None:
        stop, waits = asyncio.Event(), asyncio.Event()

        async def tell(leases: Leases, longest_s: float) -> None:
            waits.set()
            await told(leases, longest_s)

        monkeypatch.setattr(Leases, "told", tell)
        async with BotApi(Secret(TOKEN), "http://127.0.0.1:1", CALL_TIMEOUT_S) as api:
            running = asyncio.create_task(QuickSender(connection, api).run(stop))
            await asyncio.wait_for(waits.wait(), WITHIN_S)
            stop.set()
            await asyncio.wait_for(running, WITHIN_S)

    asyncio.run(run())


def test_an_asynchronous_session_is_set_as_the_other_one(connection: Connection) -> None:
    from tests.support.sending import line_to

    asked = (
        "SELECT name, setting FROM pg_settings WHERE source = 'session'"
        " AND name <> 'idle_in_transaction_session_timeout' ORDER BY name"
    )

    async def settings() -> list[tuple[object, ...]]:
        async with line_to(connection) as line:
            return await (await line.execute(asked)).fetchall()

    assert asyncio.run(settings()) == connection.execute(asked).fetchall()
