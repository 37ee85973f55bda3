"""Connections that go amiss before a call is under way: what certainly was not sent is sent later."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp.resolver import DefaultResolver

from outbox.bot_api import BotApi
from outbox.judging import CallOutcome
from outbox.leases import Leased, Leases, Unwritten
from outbox.outbox import REPORT, File, Outbox
from outbox.policies import ALERT, POLICIES
from outbox.rate_limiter import RateLimiter
from outbox.sender import Sender
from outbox.text import Text
from signaltape import Secret
from sink.db import CONNECTION_ERRORS, Connection
from tests.support.botapi import TOKEN, BotServer, bot_server
from tests.support.sending import CALL_TIMEOUT_S, NO_LIMITS, SOON, QuickSender, line_to, now, state

CRASH = Text("🔴 SOL-USDT-SWAP: stop hit")
END_SENDERS = """SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'test sender'"""


def with_api(work: Callable[[BotServer, BotApi], Awaitable[None]]) -> BotServer:
    """Run `work` with a server and its client."""

    async def run() -> BotServer:
        async with bot_server() as server, BotApi(Secret(TOKEN), server.base, CALL_TIMEOUT_S) as api:
            await work(server, api)
            return server

    return asyncio.run(run())


def test_a_call_whose_server_was_not_even_found_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def finds_nothing(*_: Any, **__: Any) -> Any:
        """As where the network is down, and each of the name servers is waited for."""
        await asyncio.Event().wait()

    monkeypatch.setattr(DefaultResolver, "resolve", finds_nothing)
    monkeypatch.setattr("outbox.bot_api.CONNECT_WITHIN_S", 0.1)

    async def run() -> None:
        async with BotApi(Secret(TOKEN), "http://api.telegram.test", 2.0) as api:
            reply = await api.send_message("42", CRASH)
            assert reply.verdict is CallOutcome.NOT_SENT, reply

    asyncio.run(run())


@asynccontextmanager
async def forgotten_after_one_call() -> AsyncIterator[tuple[str, list[str]]]:
    """The address of a server behind something that forgets a connection after its first call; and what it was sent."""
    texts: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        texts.append(await _text(reader))
        body = json.dumps({"ok": True, "result": {"message_id": 100 + len(texts)}}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        await reader.read(1)
        writer.transport.abort()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", texts


async def _text(reader: asyncio.StreamReader) -> str:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length:")[2].partition("\r\n")[0])
    text: str = json.loads(await reader.readexactly(length))["text"]
    return text


def test_an_alert_is_not_lost_on_a_connection_that_was_kept(connection: Connection) -> None:
    for number in range(3):
        Outbox(connection).enqueue(f"k{number}", "42", Text(f"alert {number}"), now() + SOON, kind=ALERT)

    async def run() -> list[str]:
        async with (
            forgotten_after_one_call() as (base, texts),
            BotApi(Secret(TOKEN), base, CALL_TIMEOUT_S) as api,
        ):
            await QuickSender(connection, api).drain(10)
            return texts

    assert asyncio.run(run()) == ["alert 0", "alert 1", "alert 2"]
    assert {state(connection, f"k{number}") for number in range(3)} == {"sent"}


class Cut:
    """A sender whose connection to Postgres is ended while Telegram works on its first call; then it connects again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._unwritten: Unwritten = []

    async def send(self, server: BotServer, api: BotApi, fault: str) -> None:
        def cut_off() -> str:
            server.chance_of_fault = lambda: "ok"
            assert self._connection.execute(END_SENDERS).fetchall()
            return fault

        server.chance_of_fault = cut_off
        with pytest.raises(CONNECTION_ERRORS):
            await self.drain(api)
        await self.drain(api, over=True)

    async def drain(self, api: BotApi, *, over: bool = False) -> None:
        """Send what waits, with a connection of its own. over: the time for which messages were held is over."""
        async with line_to(self._connection) as line:
            leases = Leases(line, POLICIES, unwritten=self._unwritten)
            sender = Sender(leases, api, RateLimiter(line, NO_LIMITS), retry_first_s=0.01)
            if over:
                await sender.drain(0.1)
                self._connection.execute("UPDATE outbox SET leased_until = now() - interval '1 s'")
            assert await sender.drain(10)


@pytest.mark.parametrize(
    ("kind", "fault", "calls"),
    [(ALERT, "ok", 1), (ALERT, "429", 2), (REPORT, "ok", 2), (REPORT, "429", 3)],
)
def test_an_answer_that_postgres_was_not_there_for_is_written_down_when_it_is(
    connection: Connection, kind: str, fault: str, calls: int
) -> None:
    Outbox(connection).enqueue("k", "42", CRASH, now() + SOON, kind=kind)

    async def work(server: BotServer, api: BotApi) -> None:
        server.retry_after_s = 0
        await Cut(connection).send(server, api, fault)

    server = with_api(work)
    assert list(server.messages.values()) == [CRASH.text]
    assert len(server.calls) == calls
    assert state(connection) == "sent"


def test_a_text_that_postgres_went_over_before_it_was_sent_is_sent_later(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    Outbox(connection).enqueue("k", "42", CRASH, now() + SOON, kind=ALERT)
    begun, cut = Leases.whole_begun, Cut(connection)

    async def without_an_answer(leases: Leases, message: Leased, place: int) -> bool:
        """It is committed, and the connection ends before that is told."""
        monkeypatch.setattr(Leases, "whole_begun", begun)
        about = Leases._about

        async def committed(leases: Leases, query: str, message: Leased, **parameters: Any) -> Any:
            monkeypatch.setattr(Leases, "_about", about)
            assert await about(leases, query, message, **parameters)
            raise CONNECTION_ERRORS[0]("server closed the connection unexpectedly")

        monkeypatch.setattr(Leases, "_about", committed)
        return await begun(leases, message, place)

    monkeypatch.setattr(Leases, "whole_begun", without_an_answer)

    async def work(_server: BotServer, api: BotApi) -> None:
        with pytest.raises(CONNECTION_ERRORS):
            await cut.drain(api)
        await cut.drain(api, over=True)

    assert list(with_api(work).messages.values()) == [CRASH.text]
    assert state(connection) == "sent"


def test_a_file_that_was_sent_when_postgres_went_is_written_down_when_it_is_back(
    connection: Connection,
) -> None:
    files = [File("photo", "week.png", b"picture")]
    Outbox(connection).enqueue("k", "42", CRASH, now() + SOON, files)
    connection.execute("UPDATE outbox SET message_ids = '{100}', filled = 1, filling = 1")

    async def work(server: BotServer, api: BotApi) -> None:
        server.messages[100] = CRASH.text
        await Cut(connection).send(server, api, "ok")

    assert len(with_api(work).files) == 1
    assert connection.execute("SELECT state FROM outbox_files").fetchone() == ("sent",)
