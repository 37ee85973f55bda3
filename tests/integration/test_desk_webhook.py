"""Updates by webhook: believed by the secret alone, answered by 200 once they are stored."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from typing import Any

from signaltape import Settings
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.support.botapi_updates import chat_of
from tests.support.desking import TRADER, bot_of
from tests.support.waiting import eventually

SECRET = "only-telegram-knows-it"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def sent(port: int, body: bytes, secret: str | None = SECRET, path: str = "/hook") -> int:
    """The status of a POST."""
    headers = {"Content-Type": "application/json", **({SECRET_HEADER: secret} if secret is not None else {})}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def update(number: int, text: str) -> bytes:
    message: dict[str, Any] = {
        "message_id": number,
        "from": {"id": TRADER, "is_bot": False},
        "chat": chat_of(TRADER),
        "date": int(time.time()),
        "text": text,
    }
    return json.dumps({"update_id": number, "message": message}).encode()


def test_only_who_knows_the_secret_is_heard_and_what_is_stored_is_done_once(
    runner: Runner, connection: Connection, settings: Settings
) -> None:
    port = free_port()
    with bot_of(runner, connection, settings) as bot:
        desk = bot.start(
            SIGNALTAPE_WEBHOOK_URL="https://example.org/hook",
            SIGNALTAPE_WEBHOOK_SECRET=SECRET,
            PORT=str(port),
        )
        assert eventually(lambda: bot.server.webhook.get("url"), 60) == "https://example.org/hook"
        assert bot.server.webhook["secret_token"] == SECRET
        assert bot.server.webhook["max_connections"] == "1", "of several at once the order would be lost"
        for wrong in (None, "", "only-telegram-knows-if", SECRET + "x", "ü"):
            assert sent(port, update(1, "/risk 2"), wrong) == 403
        assert sent(port, update(1, "/risk 2"), path="/") == 404
        assert sent(port, b"{", SECRET) == 400
        assert sent(port, b"[" * 100_000, SECRET) == 400
        assert sent(port, b" " * 2_000_000, SECRET) == 413
        assert bot.rows("SELECT count(*) FROM desk_updates") == [(0,)]
        for _ in range(3):
            assert sent(port, update(5, "/risk 1.5")) == 200
        assert bot.result(5) == ("done", "1.0% → 1.5%")
        assert bot.rows("SELECT count(*) FROM desk_updates") == [(1,)]
        assert bot.server.polls == 0
        desk.popen.terminate()
        code, _, said = desk.finish(20)
        assert code == 0
        assert SECRET not in said


def test_what_cannot_be_stored_is_not_taken(
    runner: Runner, connection: Connection, settings: Settings
) -> None:
    port = free_port()
    with bot_of(runner, connection, settings) as bot:
        bot.start(
            SIGNALTAPE_WEBHOOK_URL="https://example.org/hook",
            SIGNALTAPE_WEBHOOK_SECRET=SECRET,
            PORT=str(port),
        )
        eventually(lambda: bot.server.webhook.get("url"), 60)
        connection.execute("ALTER TABLE desk_updates RENAME TO away")
        assert sent(port, update(5, "/risk 1.5")) == 503
        connection.execute("ALTER TABLE away RENAME TO desk_updates")
        assert sent(port, update(5, "/risk 1.5")) == 200
        assert bot.result(5) == ("done", "1.0% → 1.5%")
