"""The server of an exchange: websockets and HTTP in the format of a `wire`, and faults on command."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from tests.exchanges.faults import Faults
from tests.exchanges.market import Book, Candle, Event, Funding, Interest, Market, Trade
from tests.exchanges.wire import Client, Refused, Wire

_HANG_S = 30.0
_LONGEST_WAIT_S = 20.0


class LocalExchange:
    """An exchange on this machine; what is pushed reaches whoever has asked for it.

    idle_s: a connection on which nobody has said anything for so long is closed, as OKX does after 30 s.
    """

    def __init__(self, wire: Wire, now_ms: Callable[[], int] | None = None, idle_s: float = 30.0) -> None:
        self.wire = wire
        self.market = Market()
        self.faults = Faults()
        self.idle_s = idle_s
        #: When websockets were asked for, and which paths were asked over HTTP.
        self.connects: list[float] = []
        self.asked: list[str] = []
        self.heard: list[str] = []
        self.headers: dict[str, str] = {}
        self._now_ms = now_ms or (lambda: time.time_ns() // 1_000_000)
        self._clients: dict[web.WebSocketResponse, Client] = {}
        self._transports: dict[web.WebSocketResponse, asyncio.Transport | None] = {}
        self._changed = asyncio.Condition()
        self._ids = count(1)
        self._port = 0

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self._port}"

    @property
    def rest(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def clients(self) -> list[Client]:
        return list(self._clients.values())

    # what happens there

    async def push(self, event: Event) -> None:
        self.market.take(event)
        for socket, client in tuple(self._clients.items()):
            if not (self.faults.silent or self.faults.deaf):
                for text in self.wire.push(client, event):
                    await self._send(socket, text)

    async def trade(
        self, coin: str, price: str, qty: str = "1", at_ms: int | None = None, trade_id: str | None = None
    ) -> Trade:
        number = trade_id or str(next(self._ids))
        trade = Trade(coin, price, qty, self._at(at_ms), number)
        await self.push(trade)
        return trade

    async def book(self, coin: str, bid: str, ask: str, at_ms: int | None = None) -> None:
        await self.push(Book(coin, bid, ask, self._at(at_ms)))

    async def funding(
        self, coin: str, rate: str, next_ms: int | None = None, at_ms: int | None = None
    ) -> None:
        at = self._at(at_ms)
        await self.push(Funding(coin, rate, next_ms or at + 3_600_000, at))

    async def interest(self, coin: str, value: str, at_ms: int | None = None) -> None:
        await self.push(Interest(coin, value, self._at(at_ms)))

    async def candle(self, candle: Candle) -> None:
        await self.push(candle)

    def history(self, coin: str, begin_ms: int, minutes: int, price: str = "100") -> None:
        """Candles for those who ask; nobody is told: a gap in every stream."""
        for number in range(minutes):
            at = begin_ms + number * 60_000
            self.market.take(Candle(coin, at, price, price, price, price, str(number)))

    async def raw(self, frame: str | bytes) -> None:
        """To everybody, whatever they asked for."""
        for socket in tuple(self._clients):
            await self._send(socket, frame)

    async def goodbye(self) -> None:
        """The notice before a close, or the close itself where there is no notice."""
        text = self.wire.goodbye()
        if text is None:
            await self.close_all()
        else:
            await self.raw(text)

    async def close_all(self, code: int = 1001) -> None:
        for socket in tuple(self._clients):
            await socket.close(code=code)

    def cut(self) -> None:
        """Every connection breaks, without a word."""
        for socket in tuple(self._clients):
            transport = self._transports.get(socket)
            if transport is not None:
                transport.abort()

    # what a test waits for

    async def followed(self, *coins: str) -> None:
        """Until the trades (and candles) of all these coins are asked for, on every websocket that is needed."""
        await self.until(lambda: self._is_followed(set(coins)))

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(_LONGEST_WAIT_S), self._changed:
            await self._changed.wait_for(holds)

    def _is_followed(self, coins: set[str]) -> bool:
        told = {client.path: self.wire.coins_of(client) for client in self._clients.values()}
        return bool(told) and all(coins <= told.get(path, set()) for path in self.wire.paths)

    # the server itself

    def _at(self, at_ms: int | None) -> int:
        return self._now_ms() if at_ms is None else at_ms

    async def _send(self, socket: web.WebSocketResponse, frame: str | bytes) -> None:
        try:
            await (socket.send_str(frame) if isinstance(frame, str) else socket.send_bytes(frame))
        except (ConnectionError, RuntimeError):
            self._clients.pop(socket, None)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def on_websocket(self, request: web.Request) -> web.StreamResponse:
        self.connects.append(time.monotonic())
        if self.faults.no_connects:
            await self._tell()
            return web.json_response(self.wire.broken(), status=503)
        await asyncio.sleep(self.faults.connecting_s)
        socket = web.WebSocketResponse(autoping=False, max_msg_size=2**20)
        await socket.prepare(request)
        if self.faults.closing is not None:
            await socket.close(code=self.faults.closing)
            await self._tell()
            return socket
        client = self._clients[socket] = Client(request.path)
        self._transports[socket] = request.transport
        try:
            await self._talk(socket, client)
        finally:
            self._clients.pop(socket, None)
            self._transports.pop(socket, None)
            await self._tell()
        return socket

    async def _talk(self, socket: web.WebSocketResponse, client: Client) -> None:
        await self._tell()
        while True:
            try:
                said = await socket.receive(timeout=self.idle_s)
            except TimeoutError:
                await socket.close(code=4004)
                return
            if said.type is WSMsgType.TEXT:
                self.heard.append(said.data)
                await self._answer(socket, client, said.data)
            elif said.type is WSMsgType.PING and not self.faults.silent:
                await socket.pong(said.data)
            elif said.type not in (WSMsgType.PING, WSMsgType.PONG):
                return
            await self._tell()

    async def _answer(self, socket: web.WebSocketResponse, client: Client, text: str) -> None:
        if self.faults.silent:
            return
        market = Market(coins=()) if self.faults.unsubscribable else self.market
        for answer in self.wire.hear(client, text, market):
            await self._send(socket, answer)

    async def on_request(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        self.headers = dict(request.headers)
        await self._tell()
        if self.faults.slow_s:
            await asyncio.sleep(self.faults.slow_s)
        if self.faults.redirecting_to:
            return web.Response(status=302, headers={"Location": self.faults.redirecting_to})
        return await self._wrong(request, self.faults.next_answer())

    async def _wrong(self, request: web.Request, wrong: str) -> web.StreamResponse:
        if wrong == "hanging_answers":
            await asyncio.sleep(_HANG_S)
        if wrong == "broken_answers":
            return web.json_response(self.wire.broken(), status=503)
        if wrong == "odd_answers":
            return web.Response(text="<html>maintenance</html>", content_type="text/html")
        if wrong == "endless_answers":
            return await _endless(request)
        if wrong == "too_often":
            status, body = self.wire.too_often()
            return web.json_response(body, status=status)
        return self._asked(request)

    def _asked(self, request: web.Request) -> web.Response:
        try:
            body = self.wire.ask(request.path, request.query, self.market, self._now_ms())
        except KeyError:
            return web.Response(status=404)
        except Refused as refused:
            return _json(refused.body, refused.status)
        return _json(body, 200)

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[LocalExchange]:
        """Serve until the block ends. port: 0 for any that is free."""
        app = web.Application()
        for path in self.wire.paths:
            app.router.add_get(path, self.on_websocket)
        app.router.add_get("/{path:.*}", self.on_request)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        self._port = runner.addresses[0][1]
        try:
            yield self
        finally:
            self.cut()
            await runner.cleanup()


def _json(body: Any, status: int) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")


async def _endless(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    with suppress(ConnectionError):
        while True:
            await answer.write(b" " * 65_536)
    return answer
