"""A text whose filling had no answer may stand in the chat: nothing that follows says or does as if it did not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from outbox.bot_api import BotApi
from outbox.judging import CallOutcome
from outbox.leases import Leased
from outbox.outbox import Outbox
from outbox.text import stub
from signaltape import Secret
from sink.db import Connection
from tests.support.botapi import TOKEN, BotServer
from tests.support.holding import Held
from tests.support.said import is_stub
from tests.support.sending import REPORT, SOON, QuickSender, now, state, with_server
from tests.support.waiting import soon

NEW = -1000000000042


def enqueue(connection: Connection, key: str = "k", chat_id: str = "-42") -> None:
    assert Outbox(connection).enqueue(key, chat_id, REPORT, now() + SOON)


def lease(connection: Connection) -> Leased:
    leased: Leased | None = Held(connection).lease()
    assert leased is not None
    return leased


async def step(sender: QuickSender) -> None:
    await sender.step()


def texts(server: BotServer) -> list[str]:
    return [text for text in server.messages.values() if not is_stub(text)]


def filled_without_an_answer(connection: Connection, then: str | None = None) -> BotServer:
    """A text that stands in the chat, and a sender that was not told; `then` what the next filling meets."""

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.faults.extend(["ok", "closed after"])
        await step(sender)
        connection.execute("UPDATE outbox SET next_try_at = now(), leased_until = NULL")
        if then == "moved":
            server.moved = {"-42": NEW}
        elif then is not None:
            server.refuse = (400, then)
        if then is not None:
            await sender.drain(5)

    return with_server(work, connection)


def test_a_text_in_doubt_is_not_sent_again_to_the_chats_new_id(connection: Connection) -> None:
    enqueue(connection)
    server = filled_without_an_answer(connection, "moved")
    assert len(texts(server)) == 1, "members of the supergroup see what stood in the group"
    assert state(connection) == "uncertain"


def test_a_text_in_doubt_is_sent_to_the_chats_new_id_when_a_person_says_so(connection: Connection) -> None:
    enqueue(connection)
    filled_without_an_answer(connection, "moved")
    number = connection.execute("SELECT id FROM outbox").fetchone()
    assert number is not None
    assert Outbox(connection).resend(number[0], now() + SOON)

    async def work(server: BotServer, sender: QuickSender) -> None:
        await sender.drain(5)

    server = with_server(work, connection)
    assert [server.chat_of[one] for one in server.messages] == [str(NEW)]
    assert texts(server) == [REPORT.text]
    assert state(connection) == "sent"


@pytest.mark.parametrize(
    "answer", ["Bad Request: message can't be edited", "Bad Request: not enough rights to edit"]
)
def test_a_text_in_doubt_that_is_refused_then_is_uncertain(connection: Connection, answer: str) -> None:
    enqueue(connection)
    server = filled_without_an_answer(connection, answer)
    assert len(texts(server)) == 1
    assert state(connection) == "uncertain"


def test_a_text_in_doubt_that_expires_is_uncertain(connection: Connection) -> None:
    enqueue(connection)
    filled_without_an_answer(connection)
    connection.execute("UPDATE outbox SET not_after = now() - interval '1 s'")
    assert Held(connection).lease() is None
    assert state(connection) == "uncertain"


def test_a_text_whose_sender_was_killed_while_it_filled_is_uncertain_when_it_expires(
    connection: Connection,
) -> None:
    enqueue(connection)

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.faults.extend(["ok", "timeout after"])
        killed = asyncio.create_task(step(sender))
        await soon(lambda: server.messages.get(100) == REPORT.text)
        killed.cancel()

    with_server(work, connection)
    connection.execute("UPDATE outbox SET not_after = now() - interval '1 s', leased_until = now()")
    assert Held(connection).lease() is None
    assert state(connection) == "uncertain"


def test_a_text_that_certainly_does_not_stand_in_the_chat_expires(connection: Connection) -> None:
    enqueue(connection)

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.faults.extend(["ok", "429"])
        await step(sender)

    with_server(work, connection)
    connection.execute("UPDATE outbox SET not_after = now() - interval '1 s'")
    assert Held(connection).lease() is None
    assert state(connection) == "expired"


def test_a_move_leaves_a_text_alone_that_another_sender_is_filling(connection: Connection) -> None:
    outbox = Held(connection)
    enqueue(connection)
    filling = lease(connection)
    assert outbox.stub_begun(filling)
    outbox.stub_sent(filling, 100)  # and the text is on its way into this stub, in the old chat
    enqueue(connection, "other")

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.moved = {"-42": NEW}
        await step(sender)  # the other message is told of the new id
        outbox.filled(filling, 0, 100)
        outbox.finish(filling, "sent")
        await sender.drain(5)
        assert len(server.messages) == 1, "the other one"

    with_server(work, connection)
    assert (state(connection), state(connection, "other")) == ("sent", "sent")


def test_a_report_that_was_sent_under_the_new_id_does_not_follow_under_the_old_one(
    connection: Connection,
) -> None:
    for chat_id in ("-42", str(NEW)):
        enqueue(connection, f"scorecard:2022-01-17:{chat_id}", chat_id)

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.moved = {"-42": NEW}
        await sender.drain(5)

    assert len(with_server(work, connection).messages) == 1
    assert state(connection, f"scorecard:2022-01-17:{NEW}") == "sent"
    assert Outbox(connection).state("scorecard:2022-01-17:-42") == (
        "failed",
        f"the chat's new id has this message of its own: scorecard:2022-01-17:{NEW}",
    )


def test_a_call_without_an_answer_says_why(connection: Connection) -> None:
    enqueue(connection)

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.faults.append("timeout before")
        await step(sender)

    with_server(work, connection)
    assert Outbox(connection).state("k") == ("queued", "no answer: TimeoutError")


@contextmanager
def nobody_answers() -> Iterator[str]:
    """The address of a server that does not even take the connection: its queue is full."""
    with ExitStack() as opened:
        listening = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_a_call_that_never_got_a_connection_was_not_sent(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outbox.bot_api.CONNECT_WITHIN_S", 0.2, raising=False)
    enqueue(connection)

    async def work(base: str) -> None:
        async with BotApi(Secret(TOKEN), base, 1.0) as api:
            reply = await api.send_message("-42", stub(REPORT, 0))
            assert reply.verdict is CallOutcome.NOT_SENT, reply
            for _ in range(3):
                await QuickSender(connection, api).drain(0.8)

    with nobody_answers() as base:
        asyncio.run(work(base))
    assert state(connection) == "queued"
