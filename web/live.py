"""The stream as it goes on, for any number of followers: read once, and each goes on exactly where it stood.

A follower that cannot keep up loses its place in memory, not its place in the stream: it reads on from Redis by itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec
import redis

from signaltape.stream import entry_order
from web.tape import START, Line, line_of

log = logging.getLogger("web")
#: Entries read at once, and batches that wait for one follower.
_ENTRIES, _BATCHES = 500, 32
#: Redis tells what is new within this time, or that there is nothing.
_BLOCK_MS = 1000
#: What comes within this time goes to followers together: each piece costs a system call for each of them.
_TOGETHER_S = 0.1
_AGAIN_S = 1.0
#: So often a follower hears that all is well, or that Redis is away.
PULSE_S = 5.0
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Entry(NamedTuple):
    """An entry of the stream on its way to followers."""

    partition: int
    id: str
    line: Line
    body: bytes


class Batch(NamedTuple):
    """Entries that were read together. positions: of all partitions, behind them."""

    entries: Sequence[Entry]
    positions: tuple[str, ...]
    #: the same as server-sent events: all, and those of signals
    everything: bytes
    signals: bytes


class Follower:
    """What waits for one follower; lagging: some was let go, because it did not come for it."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[Batch | None] = asyncio.Queue(_BATCHES)
        self.lagging = False

    def put(self, batch: Batch | None) -> None:
        """Hand it a batch; None: this is the end."""
        if self.waiting.full():
            self.start_over()
            self.lagging = True
        self.waiting.put_nowait(batch)

    def start_over(self) -> None:
        """Forget what waits."""
        self.lagging = False
        while not self.waiting.empty():
            self.waiting.get_nowait()

    async def next(self, within_s: float) -> Batch | None:
        """The next batch. Raises TimeoutError if none comes within so many seconds."""
        return await asyncio.wait_for(self.waiting.get(), within_s)


class Feed:
    """Reads the partitions `keys` with `client` (a redis.asyncio.Redis) while anybody follows."""

    def __init__(self, client: Any, keys: Sequence[str]) -> None:
        self._client = client
        self._keys = list(keys)
        self._numbers = {key.encode(): number for number, key in enumerate(keys)}
        self._positions: tuple[str, ...] | None = None
        self._followers: set[Follower] = set()
        self._reading: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._closed = False
        #: whether Redis did not answer when last asked
        self.away = False

    @property
    def followers(self) -> int:
        """How many follow."""
        return len(self._followers)

    async def follow(
        self, positions: tuple[str, ...] | None, *, signals: bool = False
    ) -> AsyncGenerator[bytes, None]:
        """Server-sent events from behind these positions on (None: from now on), for ever; until `close`.

        signals: only events of signals. Raises redis.RedisError when Redis is away at the beginning or while the
        follower catches up.
        """
        with self._following() as follower:
            edge = await self._ready()
            own = edge if positions is None else positions
            while not self._closed:
                follower.start_over()
                edge = self._positions or edge
                async for batch in self._between(own, edge):
                    own = batch.positions
                    yield batch.signals if signals else batch.everything
                ahead = _is_ahead(own, edge)
                async for read in self._live(follower):
                    if read is None:
                        yield self._pulse()
                        continue
                    batch = self._batch(_behind(read.entries, own), own) if ahead else read
                    own = batch.positions
                    ahead = ahead and _is_ahead(own, read.positions)
                    yield batch.signals if signals else batch.everything

    async def close(self) -> None:
        """End all who follow."""
        self._closed = True
        for follower in self._followers:
            follower.put(None)
        reading = [task for task in (self._reading, self._ending) if task is not None]
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)

    @contextmanager
    def _following(self) -> Iterator[Follower]:
        follower = Follower()
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)
            if not self._followers and self._reading is not None:
                self._reading.cancel()
                self._ending = self._reading
                self._reading, self._positions = None, None

    async def _ready(self) -> tuple[str, ...]:
        """Begin to read, if nobody does; returns how far it is."""
        async with self._starting:
            if self._positions is None:
                self._positions = await self.tips()
            if self._reading is None:
                self._reading = asyncio.create_task(self._read())
            return self._positions

    async def tips(self) -> tuple[str, ...]:
        """Where each partition ends now. Raises redis.RedisError when Redis is away."""
        found = [await self._client.xrevrange(key, count=1) for key in self._keys]
        return tuple(entries[0][0].decode() if entries else START for entries in found)

    async def _read(self) -> None:
        while asyncio.current_task() is self._reading:  # a client may answer a cancel by an error of its own
            try:
                await self._read_on()
                self.away = False
            except (redis.RedisError, OSError) as error:
                if not self.away:
                    log.warning("the tape stands still, Redis does not answer: %s", type(error).__name__)
                self.away = True
                await asyncio.sleep(_AGAIN_S)

    async def _read_on(self) -> None:
        assert self._positions is not None
        streams = dict(zip(self._keys, self._positions, strict=True))
        answer = await self._client.xread(streams, count=_ENTRIES, block=_BLOCK_MS)
        found = [(self._numbers[key], entries) for key, entries in answer]
        if not found or self._positions is None:
            return
        batch = self._batch(_read_entries(self._keys, found), self._positions)
        self._positions = batch.positions
        for follower in self._followers:
            follower.put(batch)
        if len(batch.entries) < _ENTRIES:
            await asyncio.sleep(_TOGETHER_S)

    async def _between(self, own: tuple[str, ...], edge: tuple[str, ...]) -> AsyncIterator[Batch]:
        """What lies behind `own` up to `edge`, from Redis, a little at a time."""
        for number, key in enumerate(self._keys):
            while not self._closed and entry_order(own[number]) < entry_order(edge[number]):
                found = await self._client.xrange(key, f"({own[number]}", edge[number], count=_ENTRIES)
                if not found:
                    break
                batch = self._batch(_read_entries(self._keys, [(number, found)]), own)
                own = batch.positions
                yield batch

    async def _live(self, follower: Follower) -> AsyncIterator[Batch | None]:
        """Batches as they come, None for a pulse; until the follower lags or all is closed."""
        while not follower.lagging:
            try:
                batch = await follower.next(PULSE_S)
            except TimeoutError:
                yield None
                continue
            if batch is None or follower.lagging:
                return
            yield batch

    def _batch(self, entries: Sequence[Entry], positions: tuple[str, ...]) -> Batch:
        at, everything, signals = list(positions), [], []
        for one in entries:
            at[one.partition] = one.id
            frame = b"id: %b\ndata: %b\n\n" % (",".join(at).encode(), one.body)
            everything.append(frame)
            if one.line.of_signal:
                signals.append(frame)
        return Batch(entries, tuple(at), b"".join(everything), b"".join(signals))

    def _pulse(self) -> bytes:
        return b"event: pulse\ndata: %b\n\n" % (b'{"redis":false}' if self.away else b'{"redis":true}')


def _is_ahead(own: tuple[str, ...], read: tuple[str, ...]) -> bool:
    """Whether a follower has seen what is still to be read for all: it came with a position of its own."""
    return any(entry_order(mine) > entry_order(edge) for mine, edge in zip(own, read, strict=True))


def _behind(entries: Sequence[Entry], own: tuple[str, ...]) -> list[Entry]:
    """Entries without those that a follower has already."""
    return [one for one in entries if entry_order(one.id) > entry_order(own[one.partition])]


def _read_entries(keys: Sequence[str], found: Sequence[tuple[int, Any]]) -> list[Entry]:
    lines = ((number, line_of(keys[number], *entry)) for number, entries in found for entry in entries)
    return [Entry(number, line.id, line, _ENCODER.encode(line)) for number, line in lines]
