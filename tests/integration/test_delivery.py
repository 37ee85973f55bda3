"""Delivery: a report is in the chat once, whatever Telegram does."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta

import pytest

from outbox.bot_api import BotApi
from outbox.outbox import Outbox
from outbox.text import Text
from reports import delivery
from reports.scorecard import compute, store
from reports.text.message import compose
from reports.weeks import Week
from signaltape import Secret
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.support.book import W03, Book
from tests.support.botapi import TOKEN, BotServer, bot_server
from tests.support.holding import Held
from tests.support.said import is_stub, said
from tests.support.sending import CALL_TIMEOUT_S, REPORT, SOON, QuickSender, now, state, with_server


def deliver(
    connection: Connection, faults: list[str], text: Text = REPORT, deadline_s: float = 15
) -> BotServer:
    """Put one report in and send until nothing waits, with these faults in front."""
    Outbox(connection).enqueue("k", "42", text, now() + SOON)

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.faults.extend(faults)
        await sender.drain(deadline_s)

    return with_server(work, connection)


def test_a_report_is_sent_as_a_stub_and_then_filled(connection: Connection) -> None:
    server = deliver(connection, [])
    assert [method for method, _ in server.calls] == ["sendMessage", "editMessageText"]
    assert server.calls[0][1]["text"] == "📊 Weekly Scorecard\n…", "what the phone shows in its notification"
    assert list(server.messages.values()) == [REPORT.text]
    assert server.entities[100] == [{"type": "bold", "offset": 0, "length": 19}]
    assert all("parse_mode" not in body for _, body in server.calls)
    assert state(connection) == "sent"


@pytest.mark.parametrize(
    "fault",
    [
        "429",
        "500 before",
        "500 after",
        "closed before",
        "closed after",
        "timeout before",
        "timeout after",
        "nonsense",
    ],
)
@pytest.mark.parametrize("call", ["stub", "fill"])
def test_no_fault_loses_or_doubles_a_report(connection: Connection, fault: str, call: str) -> None:
    server = deliver(connection, [fault] if call == "stub" else ["ok", fault])
    assert state(connection) == "sent"
    texts = list(server.messages.values())
    assert texts.count(REPORT.text) == 1
    assert len(texts) <= 2, "at most one more stub"
    if call == "fill":
        assert len(texts) == 1


def test_retry_after_is_honoured(connection: Connection) -> None:
    started = now()
    server = deliver(connection, ["429"])
    assert len(server.calls) == 3
    assert now() - started >= timedelta(seconds=1)


def test_two_unanswered_stubs_are_left_to_a_person(connection: Connection) -> None:
    server = deliver(connection, ["timeout after", "timeout after", "ok"])
    assert state(connection) == "uncertain"
    assert REPORT.text not in server.messages.values()
    assert len(server.calls) == 2


def test_a_telegram_that_is_in_trouble_for_a_moment_leaves_nothing_to_a_person(
    connection: Connection,
) -> None:
    Outbox(connection).enqueue("k", "42", REPORT, now() + SOON)

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.chance_of_fault = lambda: (
            "500 before" if server.times[-1][1] - server.times[0][1] < 0.3 else "ok"
        )
        assert await sender.drain(15)

    assert list(with_server(work, connection).messages.values()) == [REPORT.text]
    assert state(connection) == "sent"


def test_a_server_that_cannot_be_reached_is_tried_again(connection: Connection) -> None:
    Outbox(connection).enqueue("k", "42", REPORT, now() + SOON)

    async def run() -> None:
        async with BotApi(Secret(TOKEN), "http://127.0.0.1:1", CALL_TIMEOUT_S) as api:
            sender = QuickSender(connection, api)
            assert not await sender.drain(0.5)

    asyncio.run(run())
    found = Outbox(connection).state("k")
    assert found is not None
    assert found[0] == "queued"
    assert "hunter2" not in str(found[1])
    assert state(connection) == "queued"


def test_a_refusal_of_the_message_ends_it_with_the_reason(connection: Connection) -> None:
    Outbox(connection).enqueue("k", "42", REPORT, now() + SOON)

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.refuse = (400, "Bad Request: text must be encoded in UTF-8")
        await sender.drain(5)

    with_server(work, connection)
    found = Outbox(connection).state("k")
    assert found == ("failed", "HTTP 400: Bad Request: text must be encoded in UTF-8")


@pytest.mark.parametrize(
    ("refusal", "token", "says"),
    [
        ((400, "Bad Request: chat not found"), TOKEN, "check TELEGRAM_CHAT_ID"),
        (
            (400, "Bad Request: not enough rights to send text messages to the chat"),
            TOKEN,
            "let the bot write in the chat",
        ),
        ((403, "Forbidden: bot was blocked by the user"), TOKEN, "the bot is blocked or not in the chat"),
        (None, "1:wrong", "Unauthorized (check TELEGRAM_BOT_TOKEN)"),
    ],
)
def test_what_a_person_can_mend_is_said_and_the_message_is_kept(
    connection: Connection, refusal: tuple[int, str] | None, token: str, says: str
) -> None:
    Outbox(connection).enqueue("k", "42", REPORT, now() + SOON)

    async def refused(server: BotServer, sender: QuickSender) -> None:
        server.refuse = refusal
        assert not await sender.drain(0.3)

    with_server(refused, connection, token)
    found = Outbox(connection).state("k")
    assert found is not None
    assert found[0] == "queued"
    assert says in str(found[1])

    async def mended(_server: BotServer, sender: QuickSender) -> None:
        assert await sender.drain(5)

    assert list(with_server(mended, connection).messages.values()) == [REPORT.text]


def test_what_has_expired_is_never_sent(connection: Connection) -> None:
    Outbox(connection).enqueue("k", "42", REPORT, now() - timedelta(seconds=1))

    async def work(_server: BotServer, sender: QuickSender) -> None:
        assert await sender.drain(5)

    server = with_server(work, connection)
    assert server.calls == []
    assert state(connection) == "expired"


def test_a_key_is_sent_once_for_ever(connection: Connection) -> None:
    outbox = Held(connection)
    assert outbox.enqueue("k", "42", Text("first"), now() + SOON)
    assert outbox.enqueue("k", "42", REPORT, now() + SOON), "not begun yet: the newer text is taken"
    server = deliver(connection, [])
    assert not outbox.enqueue("k", "42", Text("again"), now() + SOON)

    async def work(_server: BotServer, sender: QuickSender) -> None:
        await sender.drain(1)

    assert with_server(work, connection).calls == []
    assert list(server.messages.values()) == [REPORT.text]


def test_a_long_text_goes_in_parts_each_once(connection: Connection) -> None:
    text = Text("".join(f"line {number} 📈\n" for number in range(700)))
    server = deliver(connection, ["ok", "ok", "closed before", "ok", "timeout after"], text)
    assert state(connection) == "sent"
    assert "".join(part for part in server.messages.values() if not is_stub(part)) == text.text


def test_the_command_sends_once_and_says_so(connection: Connection, runner: Runner) -> None:
    async def run() -> tuple[BotServer, list[tuple[int, str, str]]]:
        async with bot_server() as server:
            bot = {
                "TELEGRAM_BOT_TOKEN": TOKEN,
                "TELEGRAM_CHAT_ID": "-100200",
                "TELEGRAM_API_BASE": server.base,
            }
            command = ("reports", "scorecard", "--week", "2022-W03", "--send")
            results = [await asyncio.to_thread(runner.run, *command, **bot) for _ in range(2)]
            return server, results

    server, results = asyncio.run(run())
    assert [code for code, _, _ in results] == [0, 0], results
    assert "sent to Telegram (once" in results[0][1]
    assert len(server.messages) == 1
    assert "📊 Weekly Scorecard · ⏳ NOT ENOUGH DATA 2022-W03 · 17–23 Jan WIB" in said(
        Text(server.messages[100])
    )
    assert TOKEN not in str(results)


def test_a_closure_after_the_report_is_told_in_the_next_one(connection: Connection) -> None:
    book = Book(connection)
    early, late = book.closed_signal(0.65, 1), book.signal(0.65)
    book.closed_signal(0.65, -1)
    assert early != late
    to = delivery.Destination(Secret(TOKEN), "42", "http://127.0.0.1:1")
    after = W03.report_due + timedelta(minutes=1)
    before_due = W03.report_due - timedelta(days=1)

    def report(week: Week, moment: datetime) -> str:
        card = compute(connection, week)
        store(connection, card, now())
        delivery.enqueue(connection, card, to, moment)
        return said(compose(card))

    report(W03, before_due)  # a look at the week is no report
    report(W03, after)
    connection.execute("UPDATE outbox SET not_after = now() + interval '1 hour'")

    async def send(_server: BotServer, sender: QuickSender) -> None:
        assert await sender.drain(5)

    with_server(send, connection)
    following = Week(W03.monday + timedelta(days=7))
    assert "revised" not in report(following, before_due)
    book.close(late, 1)
    assert "Last week revised: 0.60-0.69 1/2 → 2/3" in said(compose(compute(connection, following)))
    report(W03, after)  # computed again: the report that was sent is still the one to compare with
    assert "Last week revised: 0.60-0.69 1/2 → 2/3" in said(compose(compute(connection, following)))


def test_a_message_that_was_not_sent_gets_another_chance_and_a_sent_one_never(
    connection: Connection, runner: Runner
) -> None:
    deliver(connection, ["timeout after", "timeout after"])
    assert state(connection) == "uncertain"
    code, out, err = runner.run("reports", "deliveries", "list", "--json")
    assert code == 0, err
    (message,) = json.loads(out)
    assert (message["state"], message["message_key"], message["lost_stubs"]) == ("uncertain", "k", 2)
    assert "uncertain" in runner.run("reports", "deliveries")[1]
    number = str(message["id"])
    assert runner.run("reports", "deliveries", "resend", number)[0] == 0

    async def work(_server: BotServer, sender: QuickSender) -> None:
        assert await sender.drain(5)

    server = with_server(work, connection)
    assert list(server.messages.values()) == [REPORT.text]
    code, _, err = runner.run("reports", "deliveries", "resend", number)
    assert (code, err) == (
        1,
        f"Error: message {number} is not uncertain, failed or expired, nor is one of its files\n",
    )


def test_a_group_that_became_a_supergroup_is_followed(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    Outbox(connection).enqueue("k", "-77", REPORT, now() + SOON)

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.moved["-77"] = -1001234567890
        assert await sender.drain(10)

    server = with_server(work, connection)
    assert list(server.messages.values()) == [REPORT.text]
    assert server.calls[-1][1]["chat_id"] == "-1001234567890"
    assert state(connection) == "sent"
    assert "set TELEGRAM_CHAT_ID=-1001234567890" in caplog.text
