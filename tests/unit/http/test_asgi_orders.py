"""ASGI: what becomes of a request whose caller goes, or whose application stands within another one."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest
from quart import Quart
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from signaltape.http import Client, HttpHooks, Keys
from signaltape.integrations.asgi import Hooks
from tests.support.measured_http import measuring, statuses

KEYS = Keys(
    clients=(
        Client(name="reader", sha256=(hashlib.sha256(b"reads").hexdigest(),), scopes=frozenset({"read"})),
    ),
    routes={"/orders": "trade"},
)


def scope(path: str, root_path: str = "", method: str = "GET") -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": root_path,
        "query_string": b"",
        "headers": [(b"host", b"e"), (b"x-api-key", b"reads")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }


class Caller:
    """Sends a request without a body, and stays."""

    def __init__(self) -> None:
        self._asked = False

    async def __call__(self) -> dict[str, Any]:
        if self._asked:
            await asyncio.Event().wait()
        self._asked = True
        return {"type": "http.request", "body": b"", "more_body": False}


async def asked(app: Any, *what: str) -> int:
    """The status of the answer."""
    said: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await app(scope(*what), Caller(), send)
    return int(said[0]["status"])


async def answer(_request: Request) -> Response:
    return PlainTextResponse("done")


def test_a_scope_holds_for_an_application_that_is_mounted_in_another_one(tmp_path: Path) -> None:
    with measuring(tmp_path) as tape:
        inner = Hooks(Starlette(routes=[Route("/orders", answer)]), tape=tape, hooks=HttpHooks(keys=KEYS))
        outer = Starlette(routes=[Mount("/v1", app=inner)])
        assert asyncio.run(asked(outer, "/v1/orders")) == 403
        assert set(statuses(tape)) == {"GET /orders"}


def test_a_scope_holds_for_a_quart_behind_a_prefix(tmp_path: Path) -> None:
    quart = Quart(__name__)

    @quart.get("/orders")
    async def orders() -> str:
        return "done"

    with measuring(tmp_path) as tape:
        quart.asgi_app = Hooks(quart.asgi_app, tape=tape, hooks=HttpHooks(keys=KEYS))  # type: ignore[method-assign]
        assert asyncio.run(asked(quart, "/orders")) == 403
        assert asyncio.run(asked(quart, "/v1/orders", "/v1")) == 403
        assert asyncio.run(asked(quart, "http://engine.example/orders")) == 403


def test_a_cancelled_request_stays_cancelled_and_is_counted_though_the_caller_is_gone(tmp_path: Path) -> None:
    """Its answer had begun, and is held until its body is known: it cannot go out any more."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 404, "headers": headers})
        raise asyncio.CancelledError

    async def gone(_message: Any) -> None:
        raise ConnectionResetError

    with measuring(tmp_path) as tape:
        hooked = Hooks(app, tape=tape, hooks=HttpHooks(problems=True))
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(hooked(scope("/x"), Caller(), gone))
        assert statuses(tape) == {"none": {"4xx": 1}}


def test_a_refusal_that_nobody_takes_is_counted(tmp_path: Path) -> None:
    async def gone(_message: Any) -> None:
        raise ConnectionResetError

    with measuring(tmp_path) as tape:
        hooked = Hooks(Starlette(routes=[Route("/orders", answer)]), tape=tape, hooks=HttpHooks(keys=KEYS))
        with pytest.raises(ConnectionResetError):
            asyncio.run(hooked(scope("/orders"), Caller(), gone))
        assert statuses(tape) == {"GET /orders": {"4xx": 1}}
