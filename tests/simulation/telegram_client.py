"""A stand-in for `aiohttp.ClientSession`, whose calls go to the model of Telegram."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import aiohttp

from tests.simulation.kernel.machines import Process
from tests.simulation.telegram import Answer, Call, Telegram


class SimulatedAiohttp:
    """The module `aiohttp`: its sessions lead to the model."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram

    def TCPConnector(self, *, force_close: bool) -> None:
        assert force_close

    def ClientSession(self, *, connector: None, timeout: aiohttp.ClientTimeout) -> _ClientSession:
        return _ClientSession(self._telegram, timeout)

    def __getattr__(self, name: str) -> Any:
        return getattr(aiohttp, name)


class _ClientSession:
    def __init__(self, telegram: Telegram, timeout: aiohttp.ClientTimeout) -> None:
        self._telegram = telegram
        self._timeout = timeout

    async def close(self) -> None:
        """Nothing is kept."""

    def post(
        self, url: str, *, allow_redirects: bool, json: dict[str, Any] | None = None, data: Any = None
    ) -> _Posting:
        assert not allow_redirects
        fields = json if json is not None else _form(data)
        return _Posting(self._telegram, self._timeout, url.rpartition("/")[2], fields)


class _Posting:
    """One call under way: `async with` it for the response."""

    def __init__(
        self, telegram: Telegram, timeout: aiohttp.ClientTimeout, method: str, fields: dict[str, Any]
    ) -> None:
        self._telegram = telegram
        self._timeout = timeout
        self._method = method
        self._fields = fields

    async def __aenter__(self) -> _Response:
        telegram = self._telegram
        task = telegram.scheduler.current
        assert task is not None
        telegram.scheduler.pause(f"call {self._method}")
        if telegram.faults.strikes("connection refused", task.process.name):
            await self._no_connection()
        call = self._begin(task.process)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer | None] = loop.create_future()

        def answered(answer: Answer | None) -> None:
            def settle() -> None:
                if not future.done():
                    future.set_result(answer)

            if not call.process.dead and not loop.is_closed():
                loop.call_soon_threadsafe(settle)

        telegram.send(call, answered)
        telegram.scheduler.pause("a call under way")
        answer = await asyncio.wait_for(future, self._timeout.total)
        if answer is None:
            raise aiohttp.ServerDisconnectedError
        telegram.on_answered(call, answer)
        return _Response(*answer)

    async def __aexit__(self, *_: object) -> None:
        """It is over."""

    async def _no_connection(self) -> None:
        if self._telegram.faults.chance("connection refused").random() < 0.5:
            await asyncio.sleep(self._timeout.sock_connect or 0.0)
            raise aiohttp.ConnectionTimeoutError("Connection timeout to host api.telegram.org")
        where: Any = SimpleNamespace(host="api.telegram.org", port=443, ssl=True)
        raise aiohttp.ClientConnectorError(where, OSError(111, "Connection refused"))

    def _begin(self, process: Process) -> Call:
        telegram, fields = self._telegram, self._fields
        outbox_id, epoch, is_edit = telegram.on_begin(process)
        reply_to = fields.get("reply_parameters", {"message_id": 0})
        file = fields.get("photo", fields.get("document"))
        call = Call(
            telegram.new_number(),
            self._method,
            str(fields["chat_id"]),
            int(fields.get("message_id", 0)),
            fields.get("text", ""),
            file,
            process,
            outbox_id,
            epoch,
            reply_to["message_id"] if isinstance(reply_to, dict) else 0,
            is_edit,
        )
        what = (call.text or call.file or "").partition("\n")[0]
        telegram.story.tell(
            process.name,
            f"call {call.number} for {outbox_id}: {call.method} {call.chat_id} {call.message_id or ''} {what}",
        )
        telegram.on_begun(call)
        return call


class _Response:
    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self._body = body

    async def read(self) -> bytes:
        """The whole body."""
        return self._body


def _form(data: aiohttp.FormData) -> dict[str, Any]:
    """The fields of a form; of a file its content."""
    found = {}
    for options, _headers, value in data._fields:
        found[options["name"]] = value.decode() if isinstance(value, bytes) else value
    return found
