"""`python -m market` as a process: every provider kept going, every symbol told, until it is stopped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from redis import RedisError

from market.before import await_shipped
from market.demand import Demand
from market.emitting import Emitting
from market.ending import ended
from market.exchanges.base import Exchange
from market.feed import USUAL, Feed, Timing
from market.fetching import Fetching
from market.markets import Markets
from market.overheard import overhear
from market.polling import Polling
from market.reporting import health_of, status_of
from market.status import read_kept, read_status, status_key, written
from market.steady import Clock
from market.tail import Tail
from market.told import Told, note_candle, told_by
from market.units import SECOND_US
from signaltape.emitter import Emitter
from signaltape.notices import Notices
from signaltape.plain_errors import one_line
from signaltape.settings import Settings
from signaltape.shipping.backoff import Backoff
from signaltape.stream import stream_keys

log = logging.getLogger("market")

TURN_EVERY_S, _REPORT_EVERY_S = 0.1, 1.0
_HEALTH_EVERY_US = 60 * SECOND_US
#: How far back the stream is read for symbols that are needed, and how long the start waits for that at most.
_LOOK_BACK_US = 24 * 3_600 * SECOND_US
_CATCH_UP_WITHIN_S = 8.0
#: Redis is waited for no longer than this where only a status is written.
_WRITE_WITHIN_S = 2.0
#: What the last process wrote of itself may be so old when it ends.
_OVERLAP_US = 10 * SECOND_US

Make = Callable[[str], Exchange]


class MarketProcess:
    """All that runs in the event loop. make: an Exchange by the provider's name; client: a redis.asyncio.Redis."""

    def __init__(
        self,
        settings: Settings,
        providers: tuple[str, ...],
        demand: Demand,
        tape: Emitter,
        client: Any,
        make: Make,
        clock: Clock,
        timing: Timing = USUAL,
    ) -> None:
        self._settings, self._client, self._clock = settings, client, clock
        feeds = {
            name: Feed(name, partial(make, name), self._take, self._begin, clock, timing)
            for name in providers
        }
        self.markets = Markets(feeds, demand, Emitting(tape))
        self._polling, self._fetching = Polling(self.markets), Fetching(self.markets)
        self._tasks: set[asyncio.Task[None]] = set()
        self._notices = Notices()
        self._health: Mapping[str, Any] = {}
        self._health_us = 0
        self._tail = Tail(client, self._keys(), clock() - _LOOK_BACK_US)
        self._remembers = False
        self.status = status_of(self.markets, clock())

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; what is complete by then is told."""
        stopping = asyncio.create_task(_set(stop))
        told = await self._catch_up(stopping)
        self.markets.want(self._clock(), told)
        parts: list[Coroutine[Any, Any, None]] = [feed.run() for feed in self.markets.feeds.values()]
        parts += [self._turn_for_ever(), self._report_for_ever(), self._listen_for_ever()]
        running = [asyncio.create_task(part) for part in parts]
        try:
            await asyncio.wait([*running, stopping], return_when=asyncio.FIRST_COMPLETED)
            for part in running:
                if part.done():
                    part.result()  # none of them ends by itself: it is a defect, and is shown
        finally:
            self.markets.turn(self._clock())
            self.status = status_of(self.markets, self._clock())
            await ended([*running, stopping, *self._tasks])
            await self._say_status()

    async def _catch_up(self, stopping: asyncio.Task[None]) -> dict[str, Told]:
        """What the last process knew, and what the stream says since. What that does not yield in time comes later."""
        told: dict[str, Told] = {}
        taking = asyncio.create_task(self._take_up(told, self._clock()))
        await asyncio.wait(
            [taking, stopping], timeout=_CATCH_UP_WITHIN_S, return_when=asyncio.FIRST_COMPLETED
        )
        if not taking.done():
            await ended([taking])
        try:
            if taking.cancelled():
                raise TimeoutError(f"not within {_CATCH_UP_WITHIN_S:g} s")
            taking.result()
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("what was needed and told before is not all known: %s", one_line(error))
        return told

    async def _take_up(self, told: dict[str, Told], now_us: int) -> None:
        await await_shipped(self._settings.home)
        told.update(await self._remember())
        while entries := await self._tail.read(wait=False):
            for entry in entries:
                overhear(self.markets.demand, entry.event, entry.data, entry.us, now_us)
                if entry.event == b"market_candle":
                    note_candle(told, entry.data, now_us)
            self.markets.demand.wanted(now_us)  # what is over by now takes nobody's place

    async def _remember(self) -> dict[str, Told]:
        """What the last process wrote of itself: only what was read is written over. Raises RedisError."""
        now_us = self._clock()
        fields = await self._client.hgetall(status_key(self._settings.stream))
        status, kept = read_status(fields), read_kept(fields)
        if status is not None:
            heard_us = min(kept.heard_us or status.at_us, now_us)
            self.markets.demand.take_up(kept, now_us)
            self._tail.skip_to(max(heard_us - _OVERLAP_US, now_us - _LOOK_BACK_US))
        self._remembers = True
        return told_by(status, now_us)

    async def _turn_for_ever(self) -> None:
        while True:
            for want in self.markets.turn(self._clock()):
                self._begin_task(self._fetching.fetch(want))
            for symbol in self._polling.due(self._clock()):
                self._begin_task(self._polling.poll(symbol, self._clock()))
            await asyncio.sleep(TURN_EVERY_S)

    async def _listen_for_ever(self) -> None:
        backoff = Backoff()
        while True:
            try:
                if not self._remembers:
                    self.markets.want(self._clock(), await self._remember())
                entries = await self._tail.read()
                backoff.reset()
            except (RedisError, OSError) as error:
                self._notices.say("Redis", f"which symbols are needed is not heard: {one_line(error)}")
                await asyncio.sleep(backoff.next_s())
                continue
            now_us = self._clock()
            for entry in entries:
                overhear(self.markets.demand, entry.event, entry.data, entry.us, now_us)

    async def _report_for_ever(self) -> None:
        while True:
            self.markets.want(self._clock())
            self.status = status_of(self.markets, self._clock())
            self._say_refused()
            self._say_health()
            await self._say_status()
            await asyncio.sleep(_REPORT_EVERY_S)

    def _say_refused(self) -> None:
        for symbol, why in self.markets.demand.refused.items():
            self._notices.say(f"symbol {symbol}", f"not followed: {why}")

    def _say_health(self) -> None:
        """At each change, and once a minute."""
        now_us = self.status.at_us
        found = {one.name: (one.connected, one.breaker) for one in self.status.providers}
        if found != self._health or now_us >= self._health_us + _HEALTH_EVERY_US:
            self._health, self._health_us = found, now_us
            self.markets.emitting.health(health_of(self.status), now_us)

    async def _say_status(self) -> None:
        if not self._remembers:
            return
        try:
            key, kept = status_key(self._settings.stream), self.markets.demand.kept(self._tail.heard_us)
            async with asyncio.timeout(_WRITE_WITHIN_S):
                await self._client.hset(key, mapping=written(self.status, kept))
        except (RedisError, OSError, TimeoutError) as error:
            self._notices.say("Redis", f"the status of the market is not written: {one_line(error)}")

    def _begin_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _take(self, provider: str, message: Any) -> None:
        self.markets.take(provider, message)

    def _begin(self, provider: str) -> None:
        self.markets.begin(provider)

    def _keys(self) -> list[str]:
        return stream_keys(self._settings.stream, self._settings.partitions)


async def _set(stop: asyncio.Event) -> None:
    await stop.wait()
