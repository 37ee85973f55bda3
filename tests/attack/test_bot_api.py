"""Whatever answers in the Bot API's place: each answer has a verdict, nothing raises, the token is never seen again."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple

import pytest
from aiohttp import web
from hypothesis import example, given
from hypothesis import strategies as st

from outbox.bot_api import BotApi
from outbox.outbox import File, Outbox
from outbox.rate_limiter import Limits
from outbox.text import Text
from signaltape import Secret
from tests.attack.effort import tried
from tests.attack.way import Way, within
from tests.support.sending import QuickSender

pytestmark = pytest.mark.deep

TOKEN = "98765:hunterSECOND-secret"
_LIMITS = Limits(chat_interval_s=0.0, group_per_minute=1000, all_per_second=1000, minute_s=1.0)
#: In an answer: stands for what a server or proxy that echoes its request would say.
_ECHO = "{token}"


class Answer(NamedTuple):
    """What the server says: status, body, headers."""

    status: int
    body: bytes
    headers: dict[str, str]


_odd: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(
        [_ECHO, "", "1", "nan", -1, 0, 1e308, 10**30, "message is not modified", "chat not found", [1], {}]
    ),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
)
_parameters = (
    st.dictionaries(st.sampled_from(["retry_after", "migrate_to_chat_id", "x"]), _odd, max_size=2) | _odd
)
_results = st.dictionaries(st.sampled_from(["message_id", "x"]), _odd, max_size=2) | _odd
_objects = st.fixed_dictionaries(
    {},
    optional={
        "ok": st.booleans() | _odd,
        "result": _results,
        "description": _odd | st.just(f"Not Found: /bot{_ECHO}/sendMessage"),
        "error_code": _odd,
        "parameters": _parameters,
        "x": _odd,
    },
).map(lambda answer: json.dumps(answer).encode())
_bodies = st.one_of(
    _objects,
    _objects,
    st.binary(max_size=20),
    st.sampled_from(
        [b"", b"[]", b"null", b"1e999", b"[" * 5000, b'{"ok":true', b"<html>{token}</html>", b"\xff\xfe"]
    ),
)
_statuses = st.sampled_from(
    [200, 201, 204, 301, 302, 307, 308, 400, 401, 403, 404, 409, 413, 418, 429, 500, 502, 599]
)
_headers = st.fixed_dictionaries(
    {},
    optional={
        "Location": st.sampled_from(
            [f"/bot{_ECHO}/elsewhere", "/bot", "http://127.0.0.1:9/", "", "mailto:x", "//"]
        ),
        "Retry-After": st.sampled_from(["1", "x", _ECHO, ""]),
        "Content-Type": st.sampled_from(["text/html", "application/json; charset=nonsense", ""]),
    },
)
answers = st.builds(Answer, _statuses, _bodies, _headers)


@asynccontextmanager
async def _server(answer: Answer) -> AsyncIterator[str]:
    """A server that says the same to everything."""

    async def handle(_request: web.Request) -> web.Response:
        body = answer.body.replace(_ECHO.encode(), TOKEN.encode())
        headers = {name: value.replace(_ECHO, TOKEN) for name, value in answer.headers.items()}
        return web.Response(status=answer.status, body=body, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _replies(answer: Answer) -> list[Any]:
    async with _server(answer) as base, BotApi(Secret(TOKEN), base, timeout_s=5) as api:
        return [
            await api.send_message("1", Text("x")),
            await api.edit_message("1", 5, Text("x")),
            await api.send_file("1", File("photo", "x.png", b"x"), 5),
        ]


@tried(120)
@given(answers)
@example(Answer(429, b'{"ok":false,"parameters":{"retry_after":null}}', {}))
@example(Answer(429, b'{"ok":false,"parameters":[1]}', {}))
@example(Answer(404, b'{"ok":false,"description":"Not Found: /bot{token}/sendMessage"}', {}))
@example(Answer(200, b'{"ok":true,"result":{"message_id":"7"}}', {}))
@example(Answer(400, b'{"ok":false,"parameters":{"migrate_to_chat_id":[1]}}', {}))
def test_every_answer_has_a_verdict_and_does_not_show_the_token(answer: Answer) -> None:
    for reply in within(30, lambda: asyncio.run(_replies(answer))):
        assert isinstance(reply.verdict, Enum)
        assert reply.message_id is None or type(reply.message_id) is int
        assert math.isfinite(reply.retry_after_s)
        assert reply.retry_after_s >= 0
        assert reply.moved_to is None or reply.moved_to.lstrip("-").isdigit()
        assert TOKEN not in repr(reply)
        assert "hunter" not in repr(reply)


@tried(25, shrink=False)
@given(answers)
@example(Answer(404, b'{"ok":false,"description":"Not Found: /bot{token}/sendMessage"}', {}))
@example(Answer(429, b'{"ok":false,"parameters":{"retry_after":null}}', {}))
def test_a_sender_lives_through_every_answer_and_stores_no_token(
    way: Way, caplog: pytest.LogCaptureFixture, answer: Answer
) -> None:
    caplog.clear()
    caplog.set_level(logging.DEBUG)
    way.connection.execute("DELETE FROM outbox")
    outbox = Outbox(way.connection)
    soon = datetime.now(UTC) + timedelta(minutes=5)
    assert outbox.enqueue("attack", "1", Text("x" * 5000), soon, [File("photo", "x.png", b"x")])

    async def send() -> None:
        async with _server(answer) as base, BotApi(Secret(TOKEN), base, timeout_s=5) as api:
            await QuickSender(way.connection, api, _LIMITS).drain(0.2)

    within(60, lambda: asyncio.run(send()))
    stored = way.connection.execute("SELECT to_jsonb(outbox)::text FROM outbox").fetchall()
    assert TOKEN not in caplog.text
    assert TOKEN not in str(stored)
