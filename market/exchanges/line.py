"""One websocket for one life: opened, subscribed, listened to, asked when it is silent, and closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import aiohttp
import msgspec

from market.exchanges.base import Alive, Sink
from market.exchanges.dialect import Dialect, Reader
from market.exchanges.errors import StreamEnded, StreamFailed, UnknownSymbol, Unreadable
from market.exchanges.first import first_to_end
from market.exchanges.pace import Pace
from market.exchanges.patience import Patience
from market.exchanges.refusals import Refusals
from signaltape.showing import describe

#: No frame of any channel that is subscribed to comes near it.
MOST_BYTES = 1024 * 1024
#: After so many frames in a row others get their turn.
_TURN = 100
#: A goodbye is waited for so long.
_GOODBYE_S = 0.25
#: So often is looked for an answer while one is waited for.
_LOOK_S = 0.05
_CLOSED = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED)
#: What reading a frame of a stranger may raise, besides our own.
_ODD = (Unreadable, UnknownSymbol, msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)


class Line:
    """A connection that has not been opened yet; `run` is its life."""

    def __init__(
        self,
        provider: str,
        base: str,
        dialect: Dialect,
        *,
        session: aiohttp.ClientSession,
        now_us: Callable[[], int],
        patience: Patience,
        pace: Pace,
        refusals: Refusals,
    ) -> None:
        self._name = f"{provider} {dialect.path}"
        self._url = base.rstrip("/") + dialect.path
        self._dialect = dialect
        self._session = session
        self._now_us = now_us
        self._patience = patience
        self._connecting = pace
        self._requesting = Pace(patience.pace_s)
        self._refusals = refusals
        self._wanted: frozenset[str] = frozenset()
        self._changed = asyncio.Event()
        self._heard_at = 0.0

    async def run(self, sink: Sink) -> None:
        """Open, subscribe and listen until the end. Raises StreamEnded or StreamFailed; cancel it to end it."""
        await self._connecting.wait()
        socket = await self._open()
        goodbye_s = _GOODBYE_S
        try:
            async with asyncio.timeout(self._patience.life_s) as life:
                await self._live(socket, sink)
        except StreamFailed:
            goodbye_s = 0.0  # whoever waits for the next provider must not wait for this one
            raise
        except (OSError, aiohttp.ClientError) as error:
            if life.expired():
                raise StreamEnded(f"{self._name}: renewed after {self._patience.life_s:.0f} s") from error
            goodbye_s = 0.0
            raise StreamFailed(f"{self._name} broke: {describe(error)}") from error
        finally:
            await _close(socket, goodbye_s)

    def follow(self, instruments: Iterable[str]) -> None:
        """Subscribe to what is new, and unsubscribe from what is gone, as soon as it is open."""
        self._wanted = frozenset(topic for each in instruments for topic in self._dialect.topics(each))
        self._changed.set()

    async def _open(self) -> aiohttp.ClientWebSocketResponse:
        try:
            async with asyncio.timeout(self._patience.connect_s):
                return await self._session.ws_connect(self._url, autoping=False, max_msg_size=MOST_BYTES)
        except (OSError, aiohttp.ClientError) as error:
            why = describe(error) if str(error) else f"nothing in {self._patience.connect_s:g} s"
            raise StreamFailed(f"{self._name} could not be opened: {why}") from error

    async def _live(self, socket: aiohttp.ClientWebSocketResponse, sink: Sink) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        await first_to_end(
            self._listen(socket, self._dialect.reader(), sink), self._keep(socket), self._subscribe(socket)
        )

    async def _subscribe(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Bring what is subscribed to in line with what is wanted, whenever that changes."""
        asked, topics = 0, frozenset[str]()
        self._changed.set()
        while await self._changed.wait():
            self._changed.clear()
            wanted = self._wanted
            for request in self._requests(topics, wanted):
                asked += 1
                if asked > self._dialect.most_requests:
                    raise StreamEnded(f"{self._name}: renewed after {self._dialect.most_requests} requests")
                await self._requesting.wait()
                await socket.send_str(request)
            topics = wanted

    def _requests(self, topics: frozenset[str], wanted: frozenset[str]) -> Iterator[str]:
        for part in self._parts(wanted - topics):
            yield self._dialect.subscribe(part)
        for part in self._parts(topics - wanted):
            yield self._dialect.unsubscribe(part)

    def _parts(self, topics: frozenset[str]) -> Iterator[list[str]]:
        ordered, most = sorted(topics), self._dialect.most_topics
        return (ordered[start : start + most] for start in range(0, len(ordered), most))

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse, read: Reader, sink: Sink) -> None:
        loop = asyncio.get_running_loop()
        count = 0
        while True:
            frame = await socket.receive()
            self._heard_at = loop.time()
            if frame.type is aiohttp.WSMsgType.TEXT:
                self._take(frame.data, read, sink)
            else:
                await self._take_other(socket, frame, sink)
            count += 1
            if not count % _TURN:
                await asyncio.sleep(0)

    def _take(self, text: str, read: Reader, sink: Sink) -> None:
        """Hand on what is in a frame; one that cannot be read is counted and changes nothing."""
        received_us = self._now_us()
        try:
            messages = read(text, received_us)
        except _ODD as error:
            self._refusals.add("frame", f"{describe(error)} in {text[:100]}")
            return
        for message in messages or (Alive(received_us),):
            sink(message)

    async def _take_other(
        self, socket: aiohttp.ClientWebSocketResponse, frame: aiohttp.WSMessage, sink: Sink
    ) -> None:
        if frame.type in _CLOSED:
            self._say_end(socket)
        if frame.type is aiohttp.WSMsgType.ERROR:
            self._refusals.add("frame", describe(frame.data))
            raise StreamFailed(f"{self._name} broke: {describe(frame.data)}")
        if frame.type is aiohttp.WSMsgType.PING:
            await socket.pong(frame.data)
        elif frame.type is aiohttp.WSMsgType.BINARY:
            self._refusals.add("binary frame", f"{len(frame.data)} bytes")
        sink(Alive(self._now_us()))

    def _say_end(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """1000 and 1001 are goodbyes; everything else (1006: none at all) is a connection that broke."""
        said = f"{self._name} closed ({socket.close_code})"
        if socket.close_code in (aiohttp.WSCloseCode.OK, aiohttp.WSCloseCode.GOING_AWAY):
            raise StreamEnded(said)
        if socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG:
            self._refusals.add("frame", f"more than {MOST_BYTES} bytes")
        raise StreamFailed(said)

    async def _keep(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Ask when it is silent, and now and then in any case; fail where nothing is answered."""
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        while True:
            due = min(self._heard_at + self._patience.silence_s, asked_at + self._patience.ping_s)
            if (wait_s := due - loop.time()) > 0:
                await asyncio.sleep(wait_s)
                continue
            asked_at = loop.time()
            await self._ping(socket)
            await self._answered(asked_at)

    async def _answered(self, asked_at: float) -> None:
        """Until anything is heard after a question."""
        loop = asyncio.get_running_loop()
        while self._heard_at < asked_at:
            if loop.time() >= asked_at + self._patience.answer_s:
                raise StreamFailed(f"{self._name} fell silent, and did not answer")
            await asyncio.sleep(_LOOK_S)

    async def _ping(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        if self._dialect.ping is None:
            await socket.ping()
        else:
            await socket.send_str(self._dialect.ping)


async def _close(socket: aiohttp.ClientWebSocketResponse, seconds: float) -> None:
    """Say goodbye; whoever does not answer it in time is hung up on."""
    with suppress(OSError, aiohttp.ClientError, TimeoutError):
        async with asyncio.timeout(seconds):
            await socket.close()
