"""One provider kept going: connected, followed, renewed once a day, left alone while its breaker is open.

A renewed connection is made before the old one is let go: both speak for a moment, and what comes twice counts once.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from msgspec import Struct

from market.connection import Connection, first_of
from market.exchanges.base import Exchange, Message, Quote, Tick
from market.exchanges.errors import ExchangeError, RequestFailed, StreamEnded, StreamFailed
from market.sources import LineState
from market.standing import Reputation
from market.steady import Clock
from market.units import SECOND_US
from signaltape.breaker import Breaker
from signaltape.notices import Notices
from signaltape.plain_errors import one_line
from signaltape.shipping.backoff import Backoff

log = logging.getLogger("market")

T = TypeVar("T")
#: Not all providers are connected anew at once.
_RENEW_JITTER_S = 3_600.0
#: A new connection that says nothing for so long is given up, and the old one kept.
_SPEAK_WITHIN_S = 15.0
#: A connection is made anew for a silent symbol at most so often.
_COMPLAIN_EVERY_US = 60 * SECOND_US
#: The first and the longest wait between two tries to connect.
_FIRST_S, _CAP_S = 0.2, 30.0
#: What lived so long is connected anew at once, else after longer each time: some allow 300 connects in 5 minutes.
_HELD_S = 30.0
_MOST_WORDS = 200


class Timing(Struct, frozen=True):
    """renew_s: a connection is made anew after this, before providers end it themselves after a day.

    open_us: how long a provider is left alone at first.
    """

    renew_s: float = 22 * 3_600.0
    open_us: int = 10 * SECOND_US


USUAL = Timing()


class Feed:
    """Of one provider. make: a new Exchange; take: what becomes of a message; begin: the connection is a new one."""

    def __init__(
        self,
        name: str,
        make: Callable[[], Exchange],
        take: Callable[[str, Message], None],
        begin: Callable[[str], None],
        clock: Clock,
        timing: Timing = USUAL,
    ) -> None:
        self.name = name
        self.reputation = Reputation(clock, Breaker(open_us=timing.open_us))
        self.connects = self.renewals = 0
        self.connected = False
        self._make, self._hand_on, self._begin, self._clock = make, take, begin, clock
        self._renew_s = timing.renew_s
        self._exchange = make()
        self._wanted: frozenset[str] = frozenset()
        self._changed, self._renew_now = asyncio.Event(), asyncio.Event()
        self._complained_us = 0
        self._held = False
        self._notices = Notices()
        self._why = "is not connected yet"

    def want(self, symbols: Iterable[str]) -> None:
        """Follow these from now on."""
        wanted = frozenset(symbols)
        if wanted != self._wanted:
            self._wanted = wanted
            self._changed.set()

    def complain(self) -> None:
        """A symbol is silent though the connection stands: a new one may help."""
        now_us = self._clock()
        if self.connected and now_us >= self._complained_us + _COMPLAIN_EVERY_US:
            self._complained_us = now_us
            self._renew_now.set()

    def lists(self, symbol: str) -> bool | None:
        """Whether the provider has it; None as long as it has not told what it has."""
        names = self._exchange.names
        return symbol in names if len(names) else None

    @property
    def has_trades(self) -> bool:
        """Whether there are trades at all; else it is bothered only where no other provider tells."""
        return self._exchange.has_trades

    def line(self) -> LineState:
        """How the connection stands."""
        how = self.reputation
        trouble = "" if self.connected else self._why
        return LineState(trouble, how.slow(), how.delay_us(), how.skew_s())

    @property
    def refused(self) -> dict[str, int]:
        """What it sent that could not be read, by kind."""
        return dict(self._exchange.refused)

    async def ask(self, question: Callable[[Exchange], Awaitable[T]]) -> T:
        """Put a question, unless the provider is left alone. Raises ExchangeError."""
        exchange, asked_us = self._exchange, self._clock()
        if not len(exchange.names) or not self.reputation.may_ask():
            raise RequestFailed(f"{self.name} is left alone")
        try:
            answer = await question(exchange)
        except BaseException as error:
            self.reputation.failed(error)
            raise
        self.reputation.answered(self._clock() - asked_us)
        return answer

    async def run(self) -> None:
        """Keep it going until cancelled."""
        backoff = Backoff(first_s=_FIRST_S, cap_s=_CAP_S)
        try:
            while True:
                self._held = False
                await self._one_life()
                if self._held:
                    backoff.reset()
                self._begin(self.name)
                await asyncio.sleep(max(backoff.next_s(), self.reputation.wait_s()))
        finally:
            await self._exchange.close()

    async def _one_life(self) -> None:
        """Connect, and follow until that ends."""
        try:
            await self._until_wanted()
            if not self.reputation.may_ask():
                return
            exchange = await self._ready()
            symbols = self._listed(exchange)
            if symbols:
                await self._follow(Connection(exchange, symbols, self._take))
                return
            self.reputation.breaker.undecided()
            self._why = "has none of the symbols"
            await self._until_changed()
        except ExchangeError as error:
            self._failed(error)
        except (
            Exception
        ) as error:  # a defect in what speaks with one provider does not end what the others tell
            log.exception("%s", self.name)
            self._failed(StreamFailed(f"{type(error).__name__}: {one_line(error)}"))

    async def _until_wanted(self) -> None:
        while not self._wanted:
            await self._until_changed()

    async def _until_changed(self) -> None:
        await self._changed.wait()
        self._changed.clear()

    async def _ready(self) -> Exchange:
        """One that knows its instruments."""
        if not len(self._exchange.names):
            await self._exchange.load()
        return self._exchange

    def _listed(self, exchange: Exchange) -> frozenset[str]:
        return frozenset(symbol for symbol in self._wanted if symbol in exchange.names)

    async def _follow(self, line: Connection) -> None:
        """Until it ends. Raises what broke it. It may give way to a new one meanwhile."""
        self.connects += 1
        held_s = _now_s() + _HELD_S
        renew_s = self._next_renewal_s(jitter=True)
        try:
            while not line.task.done():
                await first_of(line.task, self._changed, self._renew_now, within_s=renew_s - _now_s())
                if self._changed.is_set():
                    self._changed.clear()
                    if not (symbols := self._listed(line.exchange)):
                        self._why = "has nothing to follow"  # a connection that asks for nothing is closed in any case
                        break
                    await line.follow(symbols)
                if self._renew_now.is_set() or _now_s() >= renew_s:
                    self._renew_now.clear()
                    renew_s = self._next_renewal_s()
                    line = await self._renewed(line)
            if line.task.done():
                await line.task
        except StreamEnded as error:
            self._why = f"is not connected: {one_line(error)}"[:_MOST_WORDS]
        finally:
            self.connected = False
            self._held = line.spoke.is_set() and _now_s() >= held_s
            await line.end()

    def _next_renewal_s(self, *, jitter: bool = False) -> float:
        """By the clock of the loop."""
        less_s = random.random() * min(_RENEW_JITTER_S, self._renew_s / 2) if jitter else 0.0
        return _now_s() + self._renew_s - less_s

    async def _renewed(self, line: Connection) -> Connection:
        """A new connection that speaks, and the old one let go; the old one if the new one does not."""
        exchange = self._make()
        line.task.add_done_callback(self._lost)
        try:
            await exchange.load()
        except ExchangeError as error:
            self._notices.say(f"{self.name} renewed", f"{self.name} is not connected anew: {one_line(error)}")
            line.task.remove_done_callback(self._lost)
            await exchange.close()
            return line
        return await self._exchanged(line, Connection(exchange, self._listed(exchange), self._take))

    def _lost(self, _: asyncio.Task[None]) -> None:
        """The old connection ended before the new one spoke: what happened in between is not seen."""
        self.connected, self._why = False, "is not connected: it ended while a new connection was made"
        self._begin(self.name)

    async def _exchanged(self, line: Connection, new: Connection) -> Connection:
        try:
            await first_of(new.task, new.spoke, within_s=_SPEAK_WITHIN_S)
        finally:
            line.task.remove_done_callback(self._lost)
            kept, left = (new, line) if new.spoke.is_set() and not new.task.done() else (line, new)
            await left.end()
            await left.exchange.close()
        self.renewals += kept is new
        self._exchange = kept.exchange
        return kept

    def _take(self, message: Message) -> None:
        if isinstance(message, Tick | Quote):
            if not self.connected:
                self.connected = True
                self.reputation.breaker.succeeded()
            self.reputation.news.add(message.received_us, message.received_us - message.exchange_us)
        self._hand_on(self.name, message)

    def _failed(self, error: ExchangeError) -> None:
        self.reputation.failed(error)
        how = "is left alone" if self.reputation.is_left_alone else "is not connected"
        self._why = f"{how}: {one_line(error)}"[:_MOST_WORDS]
        self._notices.say(self.name, f"{self.name}: {one_line(error)}")


def _now_s() -> float:
    return asyncio.get_running_loop().time()
