"""Edits of messages that stand: the last one wins, whatever became of older ones."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from outbox.edit_leases import LATE_S
from outbox.keyboard import Button
from outbox.outbox import Outbox
from outbox.policies import ALERT
from outbox.text import Text
from sink.db import Connection
from tests.support.botapi import BotServer
from tests.support.sending import SOON, QuickSender, now, state, with_server

FIRST = Text("BTC long")
TRIGGERED = Text("BTC long\ntriggered after 7 min")
CLOSED = Text("BTC long\nclosed +1.65 R in 15 min")
BUTTONS = [[Button("👍", data="a:ib_1:up"), Button("Heatmap", url="https://example.com/BTC")]]
EDIT = "editMessageText"


def work_off(
    connection: Connection, faults: list[str] | None = None, server_has: dict[int, str] | None = None
) -> BotServer:
    """Send and edit until nothing waits, with these faults in front, and these messages in the chat before."""

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.retry_after_s = 0
        server.faults.extend(faults or [])
        for number, text in (server_has or {}).items():
            server.messages[number], server.keyboards[number] = text, None
        await sender.drain(10)

    return with_server(work, connection)


def put_in(connection: Connection, key: str = "k", text: Text = FIRST) -> Outbox:
    outbox = Outbox(connection)
    assert outbox.enqueue(key, "42", text, now() + SOON, kind=ALERT, keyboard=BUTTONS)
    return outbox


def edited(outbox: Outbox, key: str = "k") -> str | None:
    found = outbox.edit_state(key)
    return found and found[0]


def test_an_edit_is_made_when_the_message_stands_with_text_and_buttons_in_one_call(
    connection: Connection,
) -> None:
    outbox = put_in(connection)
    assert outbox.edit("k", TRIGGERED, [[Button("👍 ✓", data="a:ib_1:up")]], not_after=now() + SOON)
    server = work_off(connection)
    assert [method for method, _ in server.calls] == ["sendMessage", EDIT]
    assert server.messages == {100: TRIGGERED.text}
    assert server.keyboards[100] == {"inline_keyboard": [[{"text": "👍 ✓", "callback_data": "a:ib_1:up"}]]}
    assert edited(outbox) == "sent"


def test_of_several_edits_the_last_one_is_made(connection: Connection) -> None:
    outbox = put_in(connection)
    for text in (TRIGGERED, CLOSED):
        assert outbox.edit("k", text, not_after=now() + SOON)
    server = work_off(connection)
    assert [body["text"] for method, body in server.calls if method == EDIT] == [CLOSED.text]
    assert server.keyboards[100] is None, "an edit without buttons takes them away"


def test_the_same_edit_again_is_none(connection: Connection) -> None:
    outbox = put_in(connection)
    outbox.edit("k", CLOSED, not_after=now() + SOON)
    work_off(connection)
    assert outbox.edit("k", CLOSED, not_after=now() + SOON)
    assert work_off(connection, server_has={100: CLOSED.text}).calls == []
    assert edited(outbox) == "sent"


@pytest.mark.parametrize(
    "fault", ["429", "500 before", "500 after", "timeout before", "timeout after", "closed after", "nonsense"]
)
def test_an_edit_that_may_not_have_been_made_is_made_again(connection: Connection, fault: str) -> None:
    outbox = put_in(connection)
    outbox.edit("k", CLOSED, not_after=now() + SOON)
    server = work_off(connection, ["ok", fault])
    assert server.messages[100] == CLOSED.text
    assert edited(outbox) == "sent"


def test_an_edit_of_a_message_that_is_gone_ends_with_a_reason(connection: Connection) -> None:
    outbox = put_in(connection)
    work_off(connection)
    outbox.edit("k", CLOSED, not_after=now() + SOON)
    work_off(connection)  # a server that has no such message
    assert outbox.edit_state("k") == ("failed", "HTTP 400: Bad Request: message to edit not found")


def test_what_was_called_without_an_answer_is_followed_by_the_newest_once_more(
    connection: Connection,
) -> None:
    outbox = put_in(connection)
    work_off(connection)
    outbox.edit("k", TRIGGERED, not_after=now() + timedelta(hours=1))

    async def lose(server: BotServer, sender: QuickSender) -> None:
        server.messages[100] = FIRST.text
        server.keyboards[100] = None
        server.faults.append("timeout before")
        await sender.step()
        outbox.edit("k", CLOSED, not_after=now() + timedelta(hours=1))
        while len(server.calls) < 2:
            await asyncio.sleep(0.01)
            await sender.step()
        assert edited(outbox) == "queued", "what had no answer may still come behind it"
        server.messages[100] = TRIGGERED.text
        connection.execute(
            "UPDATE outbox_edits SET next_try_at = next_try_at - make_interval(secs => %(late)s),"
            " in_doubt_until = in_doubt_until - make_interval(secs => %(late)s)",
            {"late": LATE_S},
        )
        await sender.drain(5)

    server = with_server(lose, connection)
    assert server.messages[100] == CLOSED.text
    assert edited(outbox) == "sent"


def test_an_edit_waits_for_a_message_and_ends_with_it(connection: Connection) -> None:
    outbox = put_in(connection)
    assert outbox.edit("k", CLOSED, not_after=now() + SOON)
    connection.execute("UPDATE outbox SET not_after = now()")
    assert work_off(connection).calls == []
    assert state(connection) == "expired"
    assert outbox.edit_state("k") == ("failed", "the message itself was not sent: expired")
    assert not outbox.edit("k", CLOSED, not_after=now() + SOON)
    assert not outbox.edit("nobody's", CLOSED, not_after=now() + SOON)


def test_an_edit_that_is_late_is_not_made(connection: Connection) -> None:
    outbox = put_in(connection)
    work_off(connection)
    outbox.edit("k", CLOSED, not_after=now())
    assert work_off(connection).calls == []
    assert edited(outbox) == "expired"


def test_where_a_group_became_a_supergroup_an_edit_ends_with_a_reason(connection: Connection) -> None:
    outbox = Outbox(connection)
    outbox.enqueue("k", "-42", FIRST, now() + SOON, kind=ALERT)
    work_off(connection)
    outbox.edit("k", CLOSED, not_after=now() + SOON)

    async def moved(server: BotServer, sender: QuickSender) -> None:
        server.moved["-42"] = -1000000000042
        await sender.drain(5)

    assert len(with_server(moved, connection).calls) == 1
    assert edited(outbox) == "failed"
    outbox.edit("k", TRIGGERED, not_after=now() + SOON)
    assert work_off(connection).calls == [], "it is known by now"
    assert outbox.edit_state("k") == (
        "failed",
        "the group became a supergroup, where the message has no number",
    )


def test_an_alert_that_says_it_may_repeat_says_so_still_when_it_is_edited(connection: Connection) -> None:
    outbox = Outbox(connection)
    outbox.enqueue("alert:ib_1:42", "42", FIRST, now() + SOON, kind=ALERT)
    outbox.edit("alert:ib_1:42", CLOSED, not_after=now() + SOON)
    server = work_off(connection, ["timeout after"])
    assert list(server.messages.values()) == [FIRST.text, CLOSED.text + "\n\nmay repeat · ib_1"]


def test_a_long_text_is_cut_for_the_messages_that_stand(connection: Connection) -> None:
    outbox = put_in(connection)
    outbox.edit("k", Text("long " * 1000), not_after=now() + SOON)
    server = work_off(connection)
    assert server.messages[100].endswith("…")
    assert edited(outbox) == "sent"


def test_a_number_in_a_chat_is_a_message_of_ours_or_none(connection: Connection) -> None:
    outbox = put_in(connection)
    work_off(connection)
    assert outbox.message_of("42", 100) == "k"
    assert outbox.message_of("43", 100) is None
    assert outbox.message_of("42", 101) is None
    sent_at = outbox.sent_at("k")
    assert sent_at is not None
    assert now() - sent_at < SOON
