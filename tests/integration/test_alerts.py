"""Alerts: one real message, and once more with a mark where the first had no answer; then a person looks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from outbox.outbox import Outbox
from outbox.policies import ALERT
from outbox.sending import URGENT_CAP_S
from outbox.text import Text, units
from sink.db import Connection
from tests.support.botapi import BotServer
from tests.support.holding import Held
from tests.support.sending import SOON, QuickSender, now, state, with_server

CRASH = Text("🔴 SOL-USDT-SWAP: stop hit")
MARK = "\n\nmay repeat · ib_1"
NO_ANSWER = ["timeout before", "timeout after", "closed after", "500 after", "500 before"]
LONG = Text("".join(f"line {number} 📈\n" for number in range(1000)))


def alert(connection: Connection, faults: list[str], text: Text = CRASH) -> BotServer:
    """Put one alert in and send until nothing waits, with these faults in front."""
    assert Outbox(connection).enqueue("k", "42", text, now() + SOON, kind=ALERT, ref="ib_1")

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.retry_after_s = 0
        server.faults.extend(faults)
        await sender.drain(15)

    return with_server(work, connection)


def test_an_alert_is_one_message_and_no_stub(connection: Connection) -> None:
    server = alert(connection, [])
    assert [method for method, _ in server.calls] == ["sendMessage"]
    assert list(server.messages.values()) == [CRASH.text]
    assert state(connection) == "sent"


@pytest.mark.parametrize("fault", NO_ANSWER)
def test_an_alert_without_an_answer_is_sent_once_more_and_says_so(connection: Connection, fault: str) -> None:
    server = alert(connection, [fault])
    assert [body["text"] for _, body in server.calls] == [CRASH.text, CRASH.text + MARK]
    assert state(connection) == "sent"
    assert server.messages[max(server.messages)] == CRASH.text + MARK


@pytest.mark.parametrize("fault", NO_ANSWER)
def test_after_a_second_doubt_an_alert_is_left_to_a_person(connection: Connection, fault: str) -> None:
    server = alert(connection, [fault, "429", fault])
    assert [body["text"] for _, body in server.calls] == [CRASH.text, CRASH.text + MARK, CRASH.text + MARK]
    assert state(connection) == "uncertain"


def test_an_alert_in_doubt_that_is_past_its_time_is_not_sent_again(connection: Connection) -> None:
    outbox = Held(connection)
    outbox.enqueue("k", "42", CRASH, now() + SOON, kind=ALERT)
    assert outbox.whole_begun(outbox.lease(), 0)
    connection.execute("UPDATE outbox SET leased_until = now() - interval '1 s', not_after = now()")

    async def work(_server: BotServer, sender: QuickSender) -> None:
        await sender.drain(5)

    assert with_server(work, connection).calls == []
    assert state(connection) == "uncertain"


def test_an_alert_that_certainly_was_not_sent_is_tried_again(connection: Connection) -> None:
    server = alert(connection, ["429"])
    assert list(server.messages.values()) == [CRASH.text]
    assert state(connection) == "sent"


def test_after_a_long_outage_an_alert_is_tried_soon_while_it_is_of_use(connection: Connection) -> None:
    Outbox(connection).enqueue("k", "42", CRASH, now() + SOON, kind=ALERT)
    connection.execute("UPDATE outbox SET failures = 15")

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.refuse = 403, "Forbidden: bot was blocked by the user"
        await sender.step()

    with_server(work, connection)
    waits = connection.execute("SELECT failures, next_try_at - updated_at FROM outbox").fetchone()
    assert waits == (16, timedelta(seconds=URGENT_CAP_S))


def test_a_long_alert_is_several_messages_each_once(connection: Connection) -> None:
    server = alert(connection, ["ok", "429"], LONG)
    assert "".join(server.messages.values()) == LONG.text
    assert all(units(text) <= 4096 for text in server.messages.values())
    assert state(connection) == "sent"


def test_a_part_without_an_answer_ends_a_long_alert_until_a_person_has_looked(connection: Connection) -> None:
    server = alert(connection, ["ok", "timeout before", "timeout before"], LONG)
    assert len(server.calls) == 3
    assert state(connection) == "uncertain"
    ((number,),) = connection.execute("SELECT id FROM outbox").fetchall()
    assert Outbox(connection).resend(number, now() + SOON)
    sent = "".join(server.messages.values())

    async def work(_server: BotServer, sender: QuickSender) -> None:
        await sender.drain(5)

    assert sent + "".join(with_server(work, connection).messages.values()) == LONG.text


def test_an_alert_over_which_a_sender_died_is_sent_once_more_and_says_so(connection: Connection) -> None:
    outbox = Held(connection)
    outbox.enqueue("k", "42", CRASH, now() + SOON, kind=ALERT, ref="ib_1")
    assert outbox.whole_begun(outbox.lease(), 0)
    connection.execute("UPDATE outbox SET leased_until = now() - interval '1 s'")

    async def work(_server: BotServer, sender: QuickSender) -> None:
        await sender.drain(5)

    assert list(with_server(work, connection).messages.values()) == [CRASH.text + MARK]
    assert state(connection) == "sent"


def test_an_answer_that_comes_when_another_sender_has_given_up_is_written_down(
    connection: Connection,
) -> None:
    outbox = Held(connection)
    outbox.enqueue("k", "42", CRASH, now() + SOON, kind=ALERT)
    first = outbox.lease()
    assert outbox.whole_begun(first, 0)
    connection.execute("UPDATE outbox SET leased_until = now() - interval '1 s'")
    second = outbox.lease()
    outbox.finish(second, "uncertain", "no answer")
    assert not outbox.sent_whole(first, 0, 100), "it sends no more of it"
    found = connection.execute("SELECT message_ids, filled FROM outbox").fetchone()
    assert found == ([100], 1)
    assert outbox.resend(first.id, now() + SOON)

    async def work(_server: BotServer, sender: QuickSender) -> None:
        await sender.drain(5)

    assert with_server(work, connection).calls == [], "it stands in the chat"
    assert state(connection) == "sent"


def test_an_alert_that_is_known_to_stand_by_now_is_not_begun_again(connection: Connection) -> None:
    outbox = Held(connection)
    outbox.enqueue("k", "42", CRASH, now() + SOON, kind=ALERT)
    first = outbox.lease()
    assert outbox.whole_begun(first, 0)
    connection.execute("UPDATE outbox SET leased_until = now() - interval '1 s'")
    second = outbox.lease()
    assert not outbox.sent_whole(first, 0, 100)
    assert not outbox.whole_begun(second, 0), "its answer has come meanwhile"
    assert connection.execute("SELECT lost_stubs, marks FROM outbox").fetchone() == (0, [])


def test_a_newer_text_takes_no_place_of_one_that_may_stand_in_the_chat(connection: Connection) -> None:
    outbox = Held(connection)
    outbox.enqueue("k", "42", CRASH, now() + SOON, kind=ALERT)
    held = outbox.lease()
    assert outbox.whole_begun(held, 0)
    outbox.retry(held, 0.0, "Postgres refused what was to be noted")
    assert not outbox.enqueue("k", "42", Text("newer"), now() + SOON, kind=ALERT)


def test_a_kind_that_this_sender_does_not_know_is_left_to_a_newer_one(connection: Connection) -> None:
    Outbox(connection).enqueue("k", "42", CRASH, now() + SOON, kind="poll")

    async def work(_server: BotServer, sender: QuickSender) -> None:
        assert await sender.drain(5)

    assert with_server(work, connection).calls == []
    assert state(connection) == "queued"
