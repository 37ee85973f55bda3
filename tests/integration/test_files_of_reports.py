"""A report's picture and document: replies to its text, each once."""

from __future__ import annotations

import json

from outbox.outbox import File, Outbox
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.support.botapi import BotServer
from tests.support.sending import REPORT, SOON, QuickSender, now, state, with_server

FILES = [File("photo", "week.png", b"picture"), File("document", "week.pdf", b"document")]


def test_picture_and_pdf_follow_as_replies(connection: Connection) -> None:
    Outbox(connection).enqueue("k", "42", REPORT, now() + SOON, FILES)

    async def work(_server: BotServer, sender: QuickSender) -> None:
        assert await sender.drain(5)

    server = with_server(work, connection)
    methods = [method for method, _ in server.calls]
    assert methods == ["sendMessage", "editMessageText", "sendPhoto", "sendDocument"]
    (report,) = server.messages
    assert list(server.files.values()) == [
        (report, "week.png", b"picture"),
        (report, "week.pdf", b"document"),
    ]
    assert connection.execute("SELECT state, content FROM outbox_files").fetchall() == [("sent", b"")] * 2


def test_a_file_without_an_answer_is_shown_and_not_sent_again_by_itself(
    connection: Connection, runner: Runner
) -> None:
    Outbox(connection).enqueue("k", "42", REPORT, now() + SOON, FILES)

    async def lost(server: BotServer, sender: QuickSender) -> None:
        server.faults.extend(["ok", "ok", "timeout before", "429"])
        assert await sender.drain(10)

    server = with_server(lost, connection)
    assert state(connection) == "sent"
    assert [name for _, name, _ in server.files.values()] == ["week.pdf"], "429 is tried again"
    (message,) = json.loads(runner.run("reports", "deliveries", "list", "--json")[1])
    assert message["files"] == {"sent": 1, "uncertain": 1}
    assert runner.run("reports", "deliveries", "resend", str(message["id"]))[0] == 0

    async def again(server: BotServer, sender: QuickSender) -> None:
        server.messages[100] = REPORT.text  # what stands in the chat by now
        assert await sender.drain(5)

    server = with_server(again, connection)
    assert [method for method, _ in server.calls] == ["sendPhoto"]
    assert [name for _, name, _ in server.files.values()] == ["week.png"]
