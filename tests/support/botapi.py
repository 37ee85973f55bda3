"""A local Telegram Bot API server that answers as the real one does, faults included."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiohttp import web

TOKEN = "12345:hunter2"

#: Faults that a test can put in front of the next calls, in order.
FAULTS = (
    "ok",
    "429",  # too many requests, with retry_after
    "500 before",  # server fault, nothing was done
    "500 after",  # server fault, but the call was carried out
    "closed before",  # connection closed without an answer, nothing was done
    "closed after",  # connection closed without an answer, but the call was carried out
    "timeout before",  # no answer in time, nothing was done
    "timeout after",  # no answer in time, but the call was carried out
    "slow",  # an answer, but late
    "nonsense",  # an answer that is not the Bot API's, nothing was done
)


class BotServer:
    """What the chat looks like, and which calls came."""

    def __init__(self) -> None:
        self.base = ""
        self.messages: dict[int, str] = {}
        self.chat_of: dict[int, str] = {}
        self.entities: dict[int, list[dict[str, Any]]] = {}
        #: rows of buttons by message, as the Bot API has them
        self.keyboards: dict[int, Any] = {}
        #: an address that no button may open
        self.bad_url = "http://localhost"
        #: topics that are deleted or closed, and how Telegram says that
        self.gone_topics: dict[int, str] = {}
        #: message id → the message it replies to (0: none), its name, its content
        self.files: dict[int, tuple[int, str, bytes]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        #: chat and time of every call
        self.times: list[tuple[str, float]] = []
        self.faults: deque[str] = deque()
        self.refuse: tuple[int, str] | None = None
        self.retry_after_s: float = 1
        self.slow_s = 0.1
        #: what the next call meets when no fault stands in line
        self.chance_of_fault: Callable[[], str] = lambda: "ok"
        #: old chat id → new one, after a group was upgraded
        self.moved: dict[str, int] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        body = await _body(request)
        self.calls.append((method, body))
        self.times.append((str(body["chat_id"]), time.monotonic()))
        if request.match_info["token"] != TOKEN:
            return _error(401, "Unauthorized")
        if body["chat_id"] in self.moved:
            new_id = self.moved[body["chat_id"]]
            text = "Bad Request: group chat was upgraded to a supergroup chat"
            return _error(400, text, {"migrate_to_chat_id": new_id})
        if self.refuse is not None:
            return _error(*self.refuse)
        fault = self.faults.popleft() if self.faults else self.chance_of_fault()
        if fault == "429":
            return _error(429, "Too Many Requests", {"retry_after": self.retry_after_s})
        if fault == "nonsense":
            return web.Response(status=502, text="<html>Bad Gateway</html>")
        answer = self._do(method, body) if fault.endswith("after") or fault in ("ok", "slow") else None
        if fault.startswith("500"):
            return _error(500, "Internal Server Error")
        if fault.startswith("closed"):
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if fault.startswith("timeout"):
            await asyncio.sleep(3600)
        if fault == "slow":
            await asyncio.sleep(self.slow_s)
        assert answer is not None
        return answer

    def _do(self, method: str, body: dict[str, Any]) -> web.Response:
        if method == "sendChatAction":
            return web.json_response({"ok": True, "result": True})
        if (gone := self.gone_topics.get(int(body.get("message_thread_id", 0)))) is not None:
            return _error(400, f"Bad Request: {gone}")
        if method in ("sendPhoto", "sendDocument"):
            return self._take_file(method, body)
        if len(body["text"].encode("utf-16-le")) // 2 > 4096:
            return _error(400, "Bad Request: message is too long")
        if self.bad_url in json.dumps(body.get("reply_markup")):
            text = f"inline keyboard button URL '{self.bad_url}' is invalid: Wrong HTTP URL"
            return _error(400, f"Bad Request: {text}")
        if method == "sendMessage":
            message_id = self._next_id()
        else:
            message_id = body["message_id"]
            if message_id not in self.messages:
                return _error(400, "Bad Request: message to edit not found")
            if self.messages[message_id] == body["text"] and self.keyboards[message_id] == body.get(
                "reply_markup"
            ):
                return _error(400, "Bad Request: message is not modified: specified new message content")
        self.messages[message_id] = body["text"]
        self.chat_of[message_id] = str(body["chat_id"])
        self.entities[message_id] = body["entities"]
        self.keyboards[message_id] = body.get("reply_markup")
        return web.json_response({"ok": True, "result": {"message_id": message_id}})

    def _take_file(self, method: str, body: dict[str, Any]) -> web.Response:
        part = body["photo" if method == "sendPhoto" else "document"]
        reply_to = json.loads(body.get("reply_parameters", '{"message_id": 0}'))["message_id"]
        if reply_to and reply_to not in self.messages:
            return _error(400, "Bad Request: message to be replied not found")
        message_id = self._next_id()
        self.files[message_id] = (reply_to, *part)
        return web.json_response({"ok": True, "result": {"message_id": message_id}})

    def _next_id(self) -> int:
        return 100 + len(self.messages) + len(self.files)


Server = TypeVar("Server", bound=BotServer)


async def _body(request: web.Request) -> dict[str, Any]:
    """The fields of a call; of an upload its name and content."""
    if request.content_type != "multipart/form-data":
        fields: dict[str, Any] = await request.json()
        return fields
    fields = {}
    for name, part in (await request.post()).items():
        fields[name] = part
        if isinstance(part, web.FileField):
            with part.file:
                fields[name] = (part.filename, part.file.read())
    return fields


def _error(code: int, description: str, parameters: dict[str, Any] | None = None) -> web.Response:
    answer = {"ok": False, "error_code": code, "description": description, "parameters": parameters or {}}
    return web.json_response(answer, status=code)


@asynccontextmanager
async def bot_server() -> AsyncIterator[BotServer]:
    """Run the server on a free port of this machine."""
    async with serving(BotServer()) as server:
        yield server


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[Server]:
    """Run one that a test has made."""
    app = web.Application()
    app.router.add_post("/bot{token}/{method}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
