"""An engine of aiohttp with every kind of answer that hooks could spoil."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from aiohttp import WSMsgType, web

routes = web.RouteTableDef()
#: What a stream waits for, by name.
GATES: dict[str, threading.Event] = {}
MANY = 400


@routes.get("/json/{symbol}")
async def json(request: web.Request) -> web.Response:
    return web.json_response({"symbol": request.match_info["symbol"], "price": 221.5})


@routes.post("/echo")
async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


@routes.get("/empty")
async def empty(request: web.Request) -> web.Response:
    return web.Response(status=204)


@routes.get("/same")
async def same(request: web.Request) -> web.Response:
    if request.headers.get("If-None-Match") == '"1"':
        raise web.HTTPNotModified(headers={"ETag": '"1"'})
    return web.Response(text="as before", headers={"ETag": '"1"'})


@routes.get("/file")
async def file(request: web.Request) -> web.FileResponse:
    return web.FileResponse(Path(__file__))


@routes.get("/boom")
async def boom(request: web.Request) -> web.Response:
    raise RuntimeError("on purpose")


@routes.get("/own-error")
async def own_error(request: web.Request) -> web.Response:
    return web.json_response({"error": "the engine's own words"}, status=503)


@routes.get("/abort")
async def abort(request: web.Request) -> web.Response:
    raise web.HTTPNotFound(reason="no such plan")


@routes.get("/own-text")
async def own_text(request: web.Request) -> web.Response:
    raise web.HTTPConflict(text='{"own": "words"}', content_type="application/json")


@routes.get("/later")
async def later(request: web.Request) -> web.Response:
    return web.Response(text="now")


@routes.get("/stream")
async def stream(request: web.Request) -> web.StreamResponse:
    return await _parts(request, 3)


@routes.get("/gated")
async def gated(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"first\n")
    await asyncio.to_thread(GATES["go on"].wait, 20)
    for _ in range(MANY):
        await response.write(b"second\n" * 1000)
    return response


@routes.get("/breaks")
async def breaks(request: web.Request) -> web.StreamResponse:
    await _parts(request, 2)
    raise RuntimeError("in the middle")


@routes.get("/socket/{name}")
async def socket(request: web.Request) -> web.WebSocketResponse:
    websocket = web.WebSocketResponse()
    await websocket.prepare(request)
    async for message in websocket:
        if message.type == WSMsgType.TEXT:
            await websocket.send_str(message.data.upper())
    return websocket


async def _parts(request: web.Request, count: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for number in range(count):
        await response.write(f"data: {number}\n\n".encode())
    return response


def application() -> web.Application:
    app = web.Application()
    app.add_routes(routes)
    inner = web.Application()
    inner.router.add_get("/plans/{plan_id}", json_of_plan)
    app.add_subapp("/v1", inner)
    return app


async def json_of_plan(request: web.Request) -> web.Response:
    return web.json_response({"plan": request.match_info["plan_id"]})
