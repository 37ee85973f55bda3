"""Senders that overtake one another: decisions count while the message is held, what was sent always."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from outbox import sending
from outbox.bot_api import BotApi
from outbox.leases import Leased
from outbox.outbox import File, Outbox
from outbox.text import Text
from signaltape import Secret
from sink.db import Connection, connect
from tests.support.botapi import TOKEN, BotServer, bot_server
from tests.support.holding import Held
from tests.support.said import is_stub
from tests.support.sending import CALL_TIMEOUT_S, REPORT, SOON, QuickSender, now, state, with_server
from tests.support.waiting import eventually, soon

#: a supergroup
NEW = "-1001234567890"
FILES = [File("photo", "week.png", b"picture")]


def lease(connection: Connection) -> Leased:
    leased: Leased | None = Held(connection).lease()
    assert leased is not None
    return leased


def lose_lease(connection: Connection) -> None:
    connection.execute("UPDATE outbox SET leased_until = now() - interval '1 s'")


def overtaken(connection: Connection, *, stub: int | None = None) -> tuple[Leased, Leased]:
    """A message that one sender holds, after another one held it and sent this stub."""
    outbox = Held(connection)
    outbox.enqueue("k", "-42", REPORT, now() + SOON, FILES)
    first = lease(connection)
    if stub is not None:
        assert outbox.stub_begun(first)
        assert outbox.stub_sent(first, stub) == stub
    lose_lease(connection)
    return first, lease(connection)


def row(connection: Connection) -> tuple[list[int], int, int]:
    found = connection.execute("SELECT message_ids, filled, lost_stubs FROM outbox").fetchone()
    assert found is not None
    return found[0], found[1], found[2]


def test_a_part_that_two_senders_filled_counts_once(connection: Connection) -> None:
    first, second = overtaken(connection, stub=100)
    for one in (first, second, first):
        Held(connection).filled(one, 0, 100)
    assert row(connection) == ([100], 1, 0)


def test_a_sender_that_was_overtaken_begins_nothing_and_takes_nothing_back(connection: Connection) -> None:
    outbox = Held(connection)
    first, second = overtaken(connection)
    assert not outbox.stub_begun(first)
    assert not outbox.file_is(first, 0, "uncertain")
    assert outbox.stub_begun(second)
    outbox.stub_not_sent(first)
    assert row(connection) == ([], 0, 1), "what the second one began still counts"


def test_a_stub_that_was_sent_is_remembered_though_the_lease_was_lost(connection: Connection) -> None:
    outbox = Held(connection)
    outbox.enqueue("k", "42", REPORT, now() + SOON)
    first = lease(connection)
    assert outbox.stub_begun(first)
    lose_lease(connection)
    second = lease(connection)
    assert outbox.stub_sent(first, 100) is None, "it is the second one's turn"
    assert row(connection) == ([100], 0, 0)
    assert outbox.stub_begun(second)
    assert outbox.stub_sent(second, 101) == 100, (
        "the stub that has the place is filled, the other is one too many"
    )
    assert row(connection) == ([100], 0, 1)


def test_a_sender_that_was_overtaken_moves_its_message_no_more(connection: Connection) -> None:
    first, second = overtaken(connection)
    outbox = Held(connection)
    outbox.move("-42", NEW, first)
    assert outbox.renew_lease(second), "it is the second one's, who will be told as well"
    outbox.move("-42", NEW, second)
    assert lease(connection).chat_id == NEW


def test_a_part_that_holds_its_text_keeps_its_place_though_its_next_sender_finds_it_deleted(
    connection: Connection,
) -> None:
    outbox = Held(connection)
    outbox.enqueue("k", "-42", REPORT, now() + SOON, FILES)
    first = lease(connection)
    assert outbox.stub_begun(first)
    assert outbox.stub_sent(first, 100) == 100
    assert outbox.text_begun(first, 0)
    lose_lease(connection)
    second = lease(connection)
    outbox.filled(first, 0, 100)
    outbox.stub_gone(second, 0)
    assert row(connection) == ([100], 1, 0)


def test_a_file_that_was_sent_is_remembered_though_the_lease_was_lost(connection: Connection) -> None:
    outbox = Held(connection)
    first, second = overtaken(connection, stub=100)
    assert outbox.file_is(second, 0, "uncertain")
    assert not outbox.file_is(first, 0, "queued")
    outbox.file_sent(first, 0, 7)
    assert connection.execute("SELECT state, message_id FROM outbox_files").fetchone() == ("sent", 7)


BEGINNINGS: dict[str, Callable[[Held, Leased], bool]] = {
    "a call": lambda outbox, message: outbox.renew_lease(message),
    "a stub": lambda outbox, message: outbox.stub_begun(message),
    "a text": lambda outbox, message: outbox.text_begun(message, 0),
    "a file": lambda outbox, message: outbox.file_is(message, 0, "uncertain"),
}


@pytest.mark.parametrize("what", BEGINNINGS)
def test_nothing_begins_that_waited_for_a_lock_until_it_was_too_late(
    connection: Connection, database: Secret, what: str
) -> None:
    Outbox(connection).enqueue("k", "42", REPORT, now() + timedelta(seconds=1.5), FILES)
    message = lease(connection)
    waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with connect(database) as other, ThreadPoolExecutor(1) as thread:
        with other.transaction():
            other.execute("LOCK TABLE outbox")
            begun = thread.submit(BEGINNINGS[what], Held(connection), message)
            eventually(lambda: connection.execute(waiting).fetchone() is not None)
            other.execute("SELECT pg_sleep_until(max(not_after)) FROM outbox")
        assert not begun.result()


@pytest.mark.parametrize("call", [0, 1, 2])
def test_a_lease_that_is_lost_in_any_call_doubles_nothing(
    connection: Connection, database: Secret, call: int
) -> None:
    """The first sender's lease ends while its call is out, and a second sender takes the message and sends it."""
    Outbox(connection).enqueue("k", "42", REPORT, now() + SOON, FILES)

    async def run() -> BotServer:
        async with bot_server() as server, BotApi(Secret(TOKEN), server.base, 5) as api:
            server.faults.extend(["ok"] * call + ["slow"])
            server.slow_s = 0.3
            with connect(database) as other:
                first = asyncio.create_task(QuickSender(other, api).drain(5))
                await soon(lambda: len(server.calls) > call)
                lose_lease(connection)
                assert await QuickSender(connection, api).drain(5)
                await first
            return server

    server = asyncio.run(run())
    texts = list(server.messages.values())
    assert texts.count(REPORT.text) == 1
    assert sum(map(is_stub, texts)) <= 1
    assert len(server.files) <= 1
    assert state(connection) == "sent"


def test_a_stub_that_somebody_deleted_is_sent_anew(connection: Connection) -> None:
    Outbox(connection).enqueue("k", "42", REPORT, now() + SOON)

    async def deleted(server: BotServer, sender: QuickSender) -> None:
        server.retry_after_s = 0
        server.faults.extend(["ok", "429"])
        draining = asyncio.create_task(sender.drain(5))
        await soon(lambda: len(server.calls) >= 2, every=0.001)
        server.messages.clear()
        assert await draining

    server = with_server(deleted, connection)
    assert list(server.messages.values()) == [REPORT.text]
    assert state(connection) == "sent"


def test_stubs_that_are_deleted_again_and_again_are_left_to_a_person(connection: Connection) -> None:
    Outbox(connection).enqueue("k", "42", REPORT, now() + SOON)

    class Forgetful(dict[int, str]):
        def __contains__(self, key: object) -> bool:
            return False

    async def forgetful(server: BotServer, sender: QuickSender) -> None:
        server.messages = Forgetful()
        assert await sender.drain(5)

    server = with_server(forgetful, connection)
    assert state(connection) == "uncertain"
    assert [method for method, _ in server.calls].count("sendMessage") == 2


def test_a_sender_that_waits_for_postgres_holds_up_nobody_else(
    connection: Connection, database: Secret
) -> None:
    Outbox(connection).enqueue("k", "42", REPORT, now() + SOON)

    async def work(_server: BotServer, sender: QuickSender) -> None:
        with connect(database) as other:
            with other.transaction():
                other.execute("LOCK TABLE outbox")
                draining = asyncio.create_task(sender.drain(5))
                for _ in range(20):
                    await asyncio.sleep(0.005)
            assert await draining

    connection.execute("SET lock_timeout = '3 s'")
    assert len(with_server(work, connection).messages) == 1


@pytest.mark.parametrize(("fault", "lost"), [("timeout after", 1), ("slow", 0)])
def test_a_sender_that_is_stopped_in_a_call_ends_soon_and_writes_down_where_it_stands(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, fault: str, lost: int
) -> None:
    monkeypatch.setattr(sending, "STOP_GRACE_S", 0.3)
    Outbox(connection).enqueue("k", "42", REPORT, now() + SOON)

    async def run() -> BotServer:
        stop = asyncio.Event()
        async with bot_server() as server, BotApi(Secret(TOKEN), server.base, 30) as api:
            server.faults.append(fault)
            running = asyncio.create_task(QuickSender(connection, api).run(stop))
            await soon(lambda: server.calls)
            stop.set()
            await asyncio.wait_for(running, 3)
            return server

    assert len(asyncio.run(run()).calls) == 1, "nothing is begun after the stop"
    assert row(connection)[2] == lost
    assert state(connection) == "queued", "no lease holds up the next sender"

    async def resume(_server: BotServer, sender: QuickSender) -> None:
        assert await sender.drain(5)

    with_server(resume, connection)
    assert state(connection) == "sent"


def test_an_error_over_one_message_is_kept_to_that_message(connection: Connection) -> None:
    outbox = Held(connection)
    outbox.enqueue("bad", "1", Text("bad"), now() + SOON)
    outbox.enqueue("good", "2", REPORT, now() + SOON)

    class Broken(BotApi):
        async def send_message(self, chat_id: str, text: Text, *how: Any) -> Any:
            if chat_id == "1":
                raise LookupError("a\0fault")
            return await super().send_message(chat_id, text, *how)

    async def run() -> BotServer:
        async with bot_server() as server, Broken(Secret(TOKEN), server.base, CALL_TIMEOUT_S) as api:
            await QuickSender(connection, api).drain(1)
            return server

    assert list(asyncio.run(run()).messages.values()) == [REPORT.text]
    assert (state(connection, "good"), state(connection, "bad")) == ("sent", "uncertain")
