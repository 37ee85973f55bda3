"""One request of an ASGI application and its answer, message by message."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from signaltape.http.gate import Answer, Gate, Visit
from signaltape.http.problems import PROBLEM_JSON, title_of
from signaltape.http.retelling import detail_in, may_be_anew, retold
from signaltape.http.timing import CALLER_GONE, FAILED, Timing

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
_START, _BODY = "http.response.start", "http.response.body"


class Exchange:
    """Stands between application and server. pattern: asked once it is over; timing: None if it is not measured."""

    def __init__(
        self,
        scope: dict[str, Any],
        receive: Receive,
        send: Send,
        visit: Visit,
        gate: Gate,
        timing: Timing | None,
        pattern: Callable[[], str | None],
    ) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._visit, self._gate, self._timing, self._pattern = visit, gate, timing, pattern
        #: the begin of an answer whose body decides what becomes of it
        self._held: Message | None = None
        self._begun = self._complete = self._gone = False

    async def receive(self) -> Message:
        """What the application is sent; also that the caller is gone."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._gone = True
        return message

    async def send(self, message: Message) -> None:
        """What the application sends."""
        if message["type"] == _START:
            await self._start(message)
        elif self._held is not None and message["type"] == _BODY:
            await self._decide(message)
        else:
            await self._release()
            await self._pass_on(message)
        if message["type"] == _BODY and not message.get("more_body"):
            self._complete = True
            self.end()

    async def broke_off(self, error: BaseException) -> None:
        """The application raised. An error of the server, or what follows a whole answer, is no failure of it."""
        self._gone = self._gone or isinstance(error, asyncio.CancelledError)
        if self._gate.hooks.problems and not self._gone:
            self._visit.note_failure(self._scope["method"], self._pattern())
        if self._complete:
            return
        told = self._gate.hooks.problems and not self._begun and isinstance(error, Exception)
        self.end(None if self._gone else FAILED)
        if not self._gone:
            with suppress(OSError):  # what goes on is the error, and not that nobody hears of it
                await self._broken_off(told=told)

    async def _broken_off(self, *, told: bool) -> None:
        await self._release()
        if told:
            body = self._visit.problem(FAILED, self._scope["path"])
            await answer_with(Answer(FAILED, [("Content-Type", PROBLEM_JSON)], body), self.send)

    def end(self, status: int | None = None) -> None:
        """Tell how it went, once."""
        if self._timing is not None:
            if self._gone and not self._begun:
                status = CALLER_GONE
            self._timing.end(self._scope["method"], self._pattern(), self._visit.request_id, status)
            self._timing = None

    async def _start(self, message: Message) -> None:
        self._begun = True
        if self._timing is not None:
            self._timing.answered(message["status"])
        headers = message.get("headers") or []
        accept = dict(self._scope["headers"]).get(b"accept", b"").decode("latin-1")
        if self._gate.hooks.problems and may_be_anew(message["status"], list(headers), accept):
            self._held = message
        else:
            await self._dressed(message)

    async def _decide(self, message: Message) -> None:
        """With the whole body there, a framework's own words become a problem; all else goes on as it came."""
        start, self._held = self._held, None
        assert start is not None
        headers, body = list(start.get("headers") or []), message.get("body", b"")
        detail = None if message.get("more_body") else detail_in(headers, body)
        if detail is not None:
            said = None if detail == title_of(start["status"]) else detail
            body = self._visit.problem(start["status"], self._scope["path"], said)
            start, message = {**start, "headers": retold(headers, body)}, {**message, "body": body}
        await self._dressed(start)
        await self._pass_on(message)

    async def _release(self) -> None:
        start, self._held = self._held, None
        if start is not None:
            await self._dressed(start)

    async def _dressed(self, message: Message) -> None:
        """The begin of the answer, with what the hooks add; where they add nothing it is the very same message."""
        if self._gate.dresses:
            headers = list(message.get("headers") or [])
            added = self._visit.headers(name.decode("latin-1") for name, _ in headers)
            message = {**message, "headers": [*headers, *_raw(added)]}
        await self._pass_on(message)

    async def _pass_on(self, message: Message) -> None:
        try:
            await self._send(message)
        except OSError:  # how servers say that the caller is gone
            self._gone = True
            raise


async def answer_with(answer: Answer, send: Send, kind: str = "http.response") -> None:
    """Give a whole answer."""
    length = ("Content-Length", str(len(answer.body)))
    headers = answer.headers if answer.status == 204 else [*answer.headers, length]
    await send({"type": f"{kind}.start", "status": answer.status, "headers": _raw(headers)})
    await send({"type": f"{kind}.body", "body": answer.body})


def _raw(headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
