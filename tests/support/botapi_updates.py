"""The other half of the local Bot API: updates that wait until they are confirmed, as the real one keeps them.

`getUpdates` waits for something to say; what is below `offset` is confirmed and gone; of two that ask at once the older
is refused by 409. What was not confirmed comes again, and on request twice, or in another order.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from tests.support.botapi import TOKEN, BotServer, _error

#: The chat of a person with the bot alone has the person's id; this is a group.
GROUP = -1001234567890
NAME = "tape_bot"
_MOST_AT_ONCE = 100
Updates = list[dict[str, Any]]


class UpdatesServer:
    """Updates of one bot. Whatever else is called goes to `chat`, a BotServer. Safe to use from the test's thread."""

    def __init__(self) -> None:
        self.chat = BotServer()
        self.base = ""
        #: faults of the next getUpdates: 500, closed, hang, nonsense, 429
        self.faults: deque[str] = deque()
        #: what is given instead of what waits: the same twice, in another order
        self.disorder: Callable[[Updates], Updates] = lambda updates: updates
        self.answered: list[str] = []
        self.menus: list[dict[str, Any]] = []
        self.webhook: dict[str, Any] = {}
        #: faults of the next setWebhook
        self.hook_faults: deque[str] = deque()
        self.polls = 0
        self.conflicts = 0
        self._waiting: dict[int, dict[str, Any]] = {}
        self._numbers = itertools.count(7_000)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bell = asyncio.Event()
        self._newest_poll = 0

    def say(self, user: int, text: str, *, chat: int | None = None, ago_s: float = 0, **more: Any) -> int:
        """A person writes; the update's number."""
        number = next(self._numbers)
        message = {
            "message_id": number,
            "from": {"id": user, "is_bot": False, "first_name": "P"},
            "chat": chat_of(chat or user),
            "date": int(time.time() - ago_s),
            "text": text,
            **more,
        }
        return self.push({"update_id": number, "message": message})

    def press(self, user: int, data: str, message_id: int, *, chat: int | None = None) -> int:
        """A person presses a button."""
        number = next(self._numbers)
        query = {
            "id": str(number * 1000),
            "from": {"id": user, "is_bot": False, "first_name": "P"},
            "chat_instance": "1",
            "data": data,
            "message": {"message_id": message_id, "date": int(time.time()), "chat": chat_of(chat or user)},
        }
        return self.push({"update_id": number, "callback_query": query})

    def react(self, user: int, message_id: int, emoji: str, *, chat: int) -> int:
        """A person reacts."""
        number = next(self._numbers)
        reaction = {
            "chat": chat_of(chat),
            "message_id": message_id,
            "user": {"id": user, "is_bot": False, "first_name": "P"},
            "date": int(time.time()),
            "old_reaction": [],
            "new_reaction": [{"type": "emoji", "emoji": emoji}],
        }
        return self.push({"update_id": number, "message_reaction": reaction})

    def push(self, update: dict[str, Any]) -> int:
        """Whatever update."""
        with self._lock:
            self._waiting[update["update_id"]] = update
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._bell.set)
        return int(update["update_id"])

    def number(self) -> int:
        """The next number of an update."""
        return next(self._numbers)

    @property
    def unconfirmed(self) -> int:
        """How many wait."""
        with self._lock:
            return len(self._waiting)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One call."""
        method = request.match_info["method"]
        own = _OWN.get(method)
        if own is None:
            return await self.chat.handle(request)
        if request.match_info["token"] != TOKEN:
            return _error(401, "Unauthorized")
        fields = {name: _read(str(value)) for name, value in (await request.post()).items()}
        return await own(self, request, fields)

    async def _me(self, _request: web.Request, _fields: dict[str, Any]) -> web.Response:
        return _ok({"id": 12345, "is_bot": True, "first_name": "Tape", "username": NAME})

    async def _answer(self, _request: web.Request, fields: dict[str, Any]) -> web.Response:
        self.answered.append(str(fields["callback_query_id"]))
        return _ok(True)

    async def _menu(self, _request: web.Request, fields: dict[str, Any]) -> web.Response:
        self.menus.append(fields)
        return _ok(True)

    async def _hook(self, request: web.Request, fields: dict[str, Any]) -> web.StreamResponse:
        if self.hook_faults:
            return await _failed(request, self.hook_faults.popleft())
        self.webhook = fields
        return _ok(True)

    async def _updates(self, request: web.Request, fields: dict[str, Any]) -> web.StreamResponse:
        self.polls += 1
        self._newest_poll = mine = self._newest_poll + 1
        self._bell.set()  # an older one ends
        if self.webhook.get("url"):
            return _error(409, "Conflict: can't use getUpdates method while webhook is active")
        fault = self.faults.popleft() if self.faults else "ok"
        if fault != "ok":
            return await _failed(request, fault)
        if self.webhook.get("url"):
            self.conflicts += 1
            return _error(409, "Conflict: can't use getUpdates method while webhook is active")
        offset = int(fields.get("offset") or 0)
        with self._lock:
            for number in [one for one in self._waiting if one < offset]:
                del self._waiting[number]
        end = time.monotonic() + float(fields.get("timeout") or 0)
        while not (found := self._found(offset)) and time.monotonic() < end:
            if self._newest_poll != mine:
                self.conflicts += 1
                return _error(409, "Conflict: terminated by other getUpdates request")
            self._bell.clear()
            try:
                await asyncio.wait_for(self._bell.wait(), max(end - time.monotonic(), 0.01))
            except TimeoutError:
                continue
        return _ok(self.disorder(found))

    def _found(self, offset: int) -> Updates:
        with self._lock:
            return [self._waiting[one] for one in sorted(self._waiting) if one >= offset][:_MOST_AT_ONCE]


_OWN: dict[str, Callable[..., Awaitable[web.StreamResponse]]] = {
    "getMe": UpdatesServer._me,
    "getUpdates": UpdatesServer._updates,
    "answerCallbackQuery": UpdatesServer._answer,
    "setMyCommands": UpdatesServer._menu,
    "setWebhook": UpdatesServer._hook,
}


def chat_of(chat: int) -> dict[str, Any]:
    """A chat as updates name it."""
    return {"id": chat, "type": "private" if chat > 0 else "supergroup"}


async def _failed(request: web.Request, fault: str) -> web.StreamResponse:
    if fault == "hang":
        await asyncio.sleep(3600)
    if fault == "closed":
        assert request.transport is not None
        request.transport.close()
        return web.Response()
    if fault == "nonsense":
        return web.Response(status=502, text="<html>Bad Gateway</html>")
    if fault == "429":
        return _error(429, "Too Many Requests", {"retry_after": 1})
    return _error(500, "Internal Server Error")


def _ok(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _read(value: str) -> Any:
    return json.loads(value) if value[:1] in ("[", "{") else value


@contextmanager
def updates_server() -> Iterator[UpdatesServer]:
    """Run the server in a thread of its own, on a free port of this machine."""
    server = UpdatesServer()
    loop = asyncio.new_event_loop()
    started, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_post("/bot{token}/{method}", server.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        server._loop = loop
        started.set()
        await stop.wait()
        await runner.cleanup()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
