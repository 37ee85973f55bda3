"""A group becomes a supergroup: what was put in for it is sent there, once, whoever hears of it first and whenever."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from outbox.leases import IN_DOUBT, Leased
from outbox.outbox import File, Outbox
from outbox.text import Text
from reports import delivery
from reports.scorecard import compute
from signaltape import Secret
from sink.admin import indexes
from sink.db import Connection, connect
from tests.support.book import W03
from tests.support.botapi import TOKEN, BotServer
from tests.support.holding import Held
from tests.support.said import is_stub
from tests.support.sending import REPORT, SOON, QuickSender, now, state, with_server
from tests.support.waiting import eventually

OLD = "-77"
#: a supergroup
NEW = "-1001234567890"
OTHER = "-1009876543210"
AFTER = W03.report_due + timedelta(minutes=1)
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pictures, which take a second each."""
    monkeypatch.setattr(delivery, "_files", lambda *_: [])


def key(chat_id: str) -> str:
    return f"scorecard:{W03.monday}:{chat_id}"


def put_in(connection: Connection, chat_id: str, *, text: Text = REPORT) -> None:
    assert Outbox(connection).enqueue(key(chat_id), chat_id, text, now() + SOON)


def report(connection: Connection, chat_id: str, base: str = NOWHERE) -> bool:
    """What a reporter does on Sunday."""
    card = compute(connection, W03)
    return delivery.enqueue(connection, card, delivery.Destination(Secret(TOKEN), chat_id, base), AFTER)


def send(connection: Connection, moved: dict[str, int] | None = None) -> BotServer:
    connection.execute("UPDATE outbox SET not_after = now() + interval '1 hour' WHERE state = 'queued'")

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.moved = {OLD: int(NEW)} if moved is None else moved
        await sender.drain(5)

    return with_server(work, connection)


def texts(server: BotServer) -> list[str]:
    return [text for text in server.messages.values() if not is_stub(text)]


def lease(connection: Connection) -> Leased:
    leased: Leased | None = Held(connection).lease()
    assert leased is not None
    return leased


def test_a_group_that_moves_while_a_reporter_draws_gets_its_report_once(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert report(connection, OLD)
    sent: list[BotServer] = []

    def draw(*_: object) -> list[File]:
        sent.append(send(connection))
        return []

    monkeypatch.setattr(delivery, "_files", draw)
    assert not report(connection, NEW), "by now the group is known to be this chat, and its report stands"
    assert len(texts(sent[0])) == 1
    assert not send(connection).messages
    assert state(connection, key(OLD)) == "sent"


def test_a_move_waits_for_what_is_being_put_in(connection: Connection, database: Secret) -> None:
    put_in(connection, OLD)
    held = lease(connection)
    with connect(database) as other, ThreadPoolExecutor(1) as thread:
        with Outbox(other).unmoved():
            moving = thread.submit(lambda: Held(connection).move(OLD, NEW, held))
            eventually(lambda: waits_for_a_lock(other))
            put_in(other, NEW)
        assert moving.result() == NEW
    assert state(connection, key(OLD)) == "failed", "it goes out under the new id alone"
    assert len(texts(send(connection))) == 1


def test_a_reporter_that_freezes_while_it_puts_in_is_ended(connection: Connection) -> None:
    with Outbox(connection).unmoved():
        assert most_idle(connection) == "1min"
    assert most_idle(connection) == "0"


def test_who_puts_in_does_not_wait_for_who_builds_indexes(connection: Connection, database: Secret) -> None:
    """Which may take hours, and waits in turn for every statement that was there before: a circle, if they did."""
    connection.execute("SET lock_timeout = '1s'")
    with connect(database) as building, indexes._turn(building), Outbox(connection).unmoved():
        put_in(connection, OLD)


def most_idle(connection: Connection) -> str:
    ((found,),) = connection.execute("SHOW idle_in_transaction_session_timeout").fetchall()
    return str(found)


def waits_for_a_lock(connection: Connection) -> bool:
    found = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    return found.fetchone() == (1,)


def test_a_late_message_goes_where_the_first_move_led(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    put_in(connection, OLD)
    send(connection)
    assert Outbox(connection).enqueue("late", OLD, REPORT, now() + SOON)
    server = send(connection, {OLD: int(OTHER)})
    assert set(server.chat_of.values()) == {NEW}
    assert f"TELEGRAM_CHAT_ID={NEW}" in caplog.text
    assert OTHER not in caplog.text


@pytest.mark.parametrize("ended", ["expired", "failed"])
def test_a_report_that_ended_under_the_new_id_is_sent_by_the_old_one(
    connection: Connection, ended: str
) -> None:
    for chat_id in (OLD, NEW):
        put_in(connection, chat_id)
    connection.execute("UPDATE outbox SET state = %s WHERE message_key = %s", (ended, key(NEW)))
    assert texts(send(connection)) == [REPORT.text]
    assert (state(connection, key(OLD)), state(connection, key(NEW))) == ("sent", ended)
    assert delivery.key_in_use(Outbox(connection), W03, NEW, AFTER) == key(OLD)


def test_a_report_that_ended_amid_its_parts_is_not_begun_again(connection: Connection) -> None:
    for chat_id in (OLD, NEW):
        put_in(connection, chat_id)
    connection.execute(
        "UPDATE outbox SET state = 'expired', filled = 1, filling = 1, parts = 2 WHERE message_key = %s",
        (key(NEW),),
    )
    assert not texts(send(connection)), "a part of it stands in the supergroup"
    assert state(connection, key(OLD)) == "failed"


def test_a_text_in_doubt_stays_in_doubt_where_the_new_id_has_a_report_too(connection: Connection) -> None:
    for chat_id in (OLD, NEW):
        put_in(connection, chat_id)
    outbox, held = Held(connection), lease(connection)
    assert held.chat_id == OLD
    outbox.stub_begun(held)
    outbox.stub_sent(held, 100)
    outbox.text_begun(held, 0)
    outbox.move(OLD, NEW, held)
    assert outbox.state(key(OLD)) == ("uncertain", IN_DOUBT)
    found = connection.execute("SELECT filled, filling FROM outbox WHERE id = %s", (held.id,)).fetchone()
    assert found == (0, 1), "the text may stand in the old group"


@pytest.mark.parametrize(("parts", "replies_to"), [(1, 0), (2, 100)])
def test_a_file_never_replies_to_a_number_of_the_old_group(
    connection: Connection, parts: int, replies_to: int
) -> None:
    text = REPORT if parts == 1 else Text("".join(f"line {number}\n" for number in range(700)))
    outbox = Held(connection)
    outbox.enqueue("k", OLD, text, now() + SOON, [File("photo", "week.png", b"picture")])
    held = lease(connection)
    outbox.stub_begun(held)
    outbox.stub_sent(held, 5000)
    outbox.filled(held, 0, 5000)
    outbox.postpone(held, 0)
    server = send(connection)
    assert [reply for reply, *_ in server.files.values()] == [replies_to]
    assert state(connection) == "sent"


def test_a_week_is_not_sent_again_where_a_person_set_the_new_id_first(connection: Connection) -> None:
    assert report(connection, OLD)
    assert len(texts(send(connection, {}))) == 1

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.moved = {OLD: int(NEW)}
        assert not await asyncio.to_thread(report, connection, NEW, server.base)
        assert [(method, body["chat_id"]) for method, body in server.calls] == [("sendChatAction", OLD)]
        assert not await asyncio.to_thread(report, connection, NEW, server.base)
        assert len(server.calls) == 1, "known from now on"
        assert await sender.drain(5)
        assert not server.messages

    with_server(work, connection)


def test_a_group_that_is_one_still_keeps_its_report_and_another_chat_gets_its_own(
    connection: Connection,
) -> None:
    assert report(connection, OLD)
    send(connection, {})

    async def work(server: BotServer, sender: QuickSender) -> None:
        assert await asyncio.to_thread(report, connection, NEW, server.base)
        assert await asyncio.to_thread(report, connection, "42", server.base)
        assert len(server.calls) == 1, "a person cannot have been a group"

    with_server(work, connection)


def test_a_reporter_that_cannot_ask_says_what_may_come_of_it(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    assert report(connection, OLD)
    assert report(connection, NEW)
    assert f"does not say whether the group {OLD} became {NEW}" in caplog.text
