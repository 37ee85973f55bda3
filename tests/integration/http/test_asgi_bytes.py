"""ASGI: under uvicorn every answer and every websocket is the same byte for byte, measured or not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from signaltape import Emitter
from signaltape.http import HttpHooks
from signaltape.integrations.asgi import Hooks
from tests.support import hooked_asgi
from tests.support.hooked_asgi import fast, quart, starlette
from tests.support.hooked_calls import TWO, answers
from tests.support.http_servers import uvicorn_loop
from tests.support.measured_http import measuring, statuses
from tests.support.raw_http import ask, exchange, request_of
from tests.support.waiting import eventually


def inside(tape: Emitter) -> Any:
    app = starlette()
    app.add_middleware(Hooks, tape=tape)
    return app


def around(tape: Emitter) -> Any:
    return Hooks(starlette(), tape=tape)


@pytest.mark.parametrize("hooked", [inside, around])
def test_of_starlette(tmp_path: Path, hooked: Callable[[Emitter], Any]) -> None:
    with uvicorn_loop(starlette()) as off:
        usual, both = answers(off), exchange(off, TWO)
    with measuring(tmp_path) as tape, uvicorn_loop(hooked(tape)) as on:
        assert answers(on) == usual
        assert statuses(tape) == COUNTED
        assert exchange(on, TWO) == both
        assert both.count(b"HTTP/1.1 200") == 2


COUNTED = {
    "GET /json/{symbol}": {"2xx": 2},
    "HEAD /json/{symbol}": {"2xx": 1},
    "OTHER /json/{symbol}": {"4xx": 1},
    "POST /echo": {"2xx": 1},
    "PUT /echo": {"4xx": 1},
    "OPTIONS /echo": {"4xx": 1},
    "GET /empty": {"2xx": 1},
    "GET /same": {"2xx": 1, "3xx": 1},
    "HEAD /same": {"2xx": 1},
    "GET /file": {"2xx": 2},
    "GET /boom": {"5xx": 1},
    "GET /own-error": {"5xx": 1},
    "GET /abort": {"4xx": 1},
    "GET /later": {"2xx": 1},
    "GET /stream": {"2xx": 1},
    "HEAD /stream": {"2xx": 1},
    "GET /breaks": {"5xx": 1},
    "none": {"4xx": 1},
}


def test_of_quart(tmp_path: Path) -> None:
    plain, hooked = quart(), quart()
    calls = [request_of("GET", path) for path in ("/json/SOL", "/boom", "/stream", "/nothing")]
    with measuring(tmp_path) as tape:
        hooked.asgi_app = Hooks(hooked.asgi_app, tape=tape)  # type: ignore[method-assign]
        with uvicorn_loop(plain) as off, uvicorn_loop(hooked) as on:
            assert [exchange(on, call) for call in calls] == [exchange(off, call) for call in calls]
        assert statuses(tape) == {
            "GET /json/<symbol>": {"2xx": 1},
            "GET /boom": {"5xx": 1},
            "GET /stream": {"2xx": 1},
            "none": {"4xx": 1},
        }


@pytest.mark.parametrize("way", ["inside", "around"])
def test_what_is_mounted_or_included_is_counted_by_its_whole_pattern(tmp_path: Path, way: str) -> None:
    with measuring(tmp_path) as tape:
        app = starlette() if way == "around" else inside(tape)
        with uvicorn_loop(Hooks(app, tape=tape) if way == "around" else app) as port:
            for plan in ("1", "404", "x"):
                ask(port, "GET", f"/of/me/v1/plans/{plan}")
        assert statuses(tape) == {"GET /of/{whom}/v1/plans/{plan_id}": {"2xx": 1, "4xx": 2}}


def test_fastapi_by_itself_is_counted_with_the_prefix_of_its_router(tmp_path: Path) -> None:
    with measuring(tmp_path) as tape, uvicorn_loop(Hooks(fast(), tape=tape)) as port:
        assert ask(port, "GET", "/v1/plans/7").body == b'{"plan":7}'
        assert ask(port, "GET", "/openapi.json").status == 200
        assert statuses(tape) == {"GET /v1/plans/{plan_id}": {"2xx": 1}, "GET /openapi.json": {"2xx": 1}}


def test_what_is_done_behind_an_answer_is_done_and_fails_without_it(tmp_path: Path) -> None:
    hooked_asgi.AFTERWARDS.clear()
    with measuring(tmp_path) as tape, uvicorn_loop(around(tape)) as port:
        assert ask(port, "GET", "/later").body == b"now"
        assert ask(port, "GET", "/later-breaks").body == b"now"
        assert eventually(lambda: hooked_asgi.AFTERWARDS == ["later"])
        assert statuses(tape) == {"GET /later": {"2xx": 1}, "GET /later-breaks": {"2xx": 1}}


def test_a_caller_who_goes_away_before_there_is_an_answer_is_no_failure(tmp_path: Path) -> None:
    app = quart()
    with measuring(tmp_path) as tape, uvicorn_loop(Hooks(app, tape=tape)) as port:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(request_of("GET", "/endless"))
        assert eventually(lambda: statuses(tape)) == {"GET /endless": {"4xx": 1}}


def test_from_within_an_error_that_nobody_caught_is_a_problem_too(tmp_path: Path) -> None:
    with measuring(tmp_path) as tape:
        app = starlette()
        app.add_middleware(Hooks, tape=tape, hooks=HttpHooks(problems=True, request_ids=True))
        with uvicorn_loop(app) as port:
            reply = ask(port, "GET", "/boom")
        assert (reply.status, reply.headers["content-type"]) == (500, "application/problem+json")
        assert statuses(tape) == {"GET /boom": {"5xx": 1}}


def test_websockets_say_the_same_and_are_not_timed(tmp_path: Path) -> None:
    with measuring(tmp_path) as tape, uvicorn_loop(around(tape)) as port:
        assert asyncio.run(_talk(port)) == ["A", "Ü" * 70_000]
        assert statuses(tape) == {}


async def _talk(port: int) -> list[str | bytes]:
    async with connect(f"ws://127.0.0.1:{port}/socket/me") as websocket:
        answered = []
        for text in ("a", "ü" * 70_000):
            await websocket.send(text)
            answered.append(await websocket.recv())
        return answered


def test_messages_of_an_application_are_passed_on_as_the_very_same_objects(tmp_path: Path) -> None:
    """So that what one server knows besides, such as sending a file by its path, goes through."""
    sent = [
        {"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")], "trailers": True},
        {"type": "http.response.pathsend", "path": "/etc/hostname"},
        {"type": "http.response.trailers", "headers": []},
    ]
    received: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in sent:
            await send(message)

    async def keep(message: Any) -> None:
        received.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "scheme": "http"}
    with measuring(tmp_path) as tape:
        asyncio.run(Hooks(app, tape=tape)(scope, None, keep))
        assert statuses(tape) == {"none": {"2xx": 1}}
    assert all(one is other for one, other in zip(sent, received, strict=True))
