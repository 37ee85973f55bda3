"""ASGI engines with every kind of answer that hooks could spoil: Starlette with a mounted FastAPI, and Quart."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from quart import Quart
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException as StarletteError
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

if TYPE_CHECKING:
    from fastapi import FastAPI

#: What was done behind answers.
AFTERWARDS: list[str] = []
#: What a stream waits for, by name.
GATES: dict[str, threading.Event] = {}
MANY = 400


async def json(request: Request) -> Response:
    return JSONResponse({"symbol": request.path_params["symbol"], "price": 221.5})


async def echo(request: Request) -> Response:
    return Response(await request.body(), media_type="application/octet-stream")


async def empty(request: Request) -> Response:
    return Response(status_code=204)


async def same(request: Request) -> Response:
    if request.headers.get("if-none-match") == '"1"':
        return Response(status_code=304, headers={"ETag": '"1"'})
    return PlainTextResponse("as before", headers={"ETag": '"1"'})


async def file(request: Request) -> Response:
    return FileResponse(Path(__file__), media_type="text/x-python")


async def boom(request: Request) -> Response:
    raise RuntimeError("on purpose")


async def own_error(request: Request) -> Response:
    return JSONResponse({"error": "the engine's own words"}, status_code=503)


async def abort(request: Request) -> Response:
    raise StarletteError(404, "no such plan")


async def later(request: Request) -> Response:
    return PlainTextResponse("now", background=BackgroundTask(AFTERWARDS.append, "later"))


async def later_breaks(request: Request) -> Response:
    async def fails() -> None:
        raise RuntimeError("behind the answer")

    return PlainTextResponse("now", background=BackgroundTask(fails))


async def stream(request: Request) -> Response:
    return StreamingResponse(_parts(3), media_type="text/event-stream")


async def gated(request: Request) -> Response:
    async def parts() -> AsyncIterator[str]:
        yield "first\n"
        await asyncio.to_thread(GATES["go on"].wait, 20)
        for _ in range(MANY):
            yield "second\n" * 1000

    return StreamingResponse(parts())


async def breaks(request: Request) -> Response:
    async def parts() -> AsyncIterator[str]:
        async for part in _parts(2):
            yield part
        raise RuntimeError("in the middle")

    return StreamingResponse(parts(), media_type="text/event-stream")


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text.upper())


async def _parts(count: int) -> AsyncIterator[str]:
    for number in range(count):
        yield f"data: {number}\n\n"


def routes() -> list[BaseRoute]:
    return [
        Route("/json/{symbol}", json),
        Route("/echo", echo, methods=["POST"]),
        *(
            Route(f"/{one.__name__}", one)
            for one in (empty, same, file, boom, abort, later, stream, breaks, gated)
        ),
        Route("/own-error", own_error),
        Route("/later-breaks", later_breaks),
        WebSocketRoute("/socket/{name}", socket),
        Mount("/of/{whom}", app=fast()),
    ]


def starlette() -> Starlette:
    return Starlette(routes=routes())


def fast() -> FastAPI:
    """With a router that is included under a prefix."""
    from fastapi import APIRouter, FastAPI, HTTPException  # takes a quarter of a second: few tests need it

    router = APIRouter(prefix="/plans")

    @router.get("/{plan_id}")
    def plan(plan_id: int) -> dict[str, int]:
        if plan_id == 404:
            raise HTTPException(404, "no such plan")
        return {"plan": plan_id}

    app = FastAPI()
    app.include_router(router, prefix="/v1")
    return app


def quart() -> Quart:
    app = Quart(__name__)

    @app.get("/json/<symbol>")
    async def json(symbol: str) -> dict[str, str]:
        return {"symbol": symbol}

    @app.get("/boom")
    async def boom() -> str:
        raise RuntimeError("on purpose")

    @app.get("/endless")
    async def endless() -> str:
        await asyncio.Event().wait()
        return "never"

    @app.get("/stream")
    async def stream() -> AsyncIterator[str]:
        return _parts(3)

    return app
