"""aiohttp: on its own server every answer and every websocket is the same byte for byte, measured or not."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import ClientSession, web

from signaltape import Emitter
from signaltape.integrations.aiohttp import install
from tests.support.hooked_aiohttp import application
from tests.support.hooked_calls import TWO, answers
from tests.support.http_servers import aiohttp_loop
from tests.support.measured_http import measuring, statuses
from tests.support.raw_http import ask, exchange


def hooked(tape: Emitter) -> web.Application:
    app = application()
    install(app, tape=tape)
    return app


def test_every_answer(tmp_path: Path) -> None:
    with aiohttp_loop(application) as off:
        usual, both = answers(off), exchange(off, TWO)
    with measuring(tmp_path) as tape, aiohttp_loop(lambda: hooked(tape)) as on:
        assert answers(on) == usual
        assert statuses(tape) == {
            "GET /json/{symbol}": {"2xx": 2},
            "HEAD /json/{symbol}": {"2xx": 1},
            "POST /echo": {"2xx": 1},
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
            "none": {"4xx": 3},
        }
        assert exchange(on, TWO) == both
        assert both.count(b"HTTP/1.1 200") == 2


def test_an_application_within_is_counted_by_its_whole_pattern(tmp_path: Path) -> None:
    with measuring(tmp_path) as tape, aiohttp_loop(lambda: hooked(tape)) as port:
        assert ask(port, "GET", "/v1/plans/7").body == b'{"plan": "7"}'
        assert statuses(tape) == {"GET /v1/plans/{plan_id}": {"2xx": 1}}


def test_websockets_say_the_same_and_are_not_timed(tmp_path: Path) -> None:
    with measuring(tmp_path) as tape, aiohttp_loop(lambda: hooked(tape)) as port:
        assert asyncio.run(_talk(port)) == ["A", "Ü" * 70_000]
        assert statuses(tape) == {}


async def _talk(port: int) -> list[str]:
    url = f"http://127.0.0.1:{port}/socket/me"
    async with ClientSession() as session, session.ws_connect(url) as websocket:
        answered = []
        for text in ("a", "ü" * 70_000):
            await websocket.send_str(text)
            answered.append(await websocket.receive_str())
        return answered
