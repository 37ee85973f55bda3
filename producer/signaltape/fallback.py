"""Something else while what one would rather have is away: a breaker, a fallback, the last good value, and a flag.

    from signaltape.fallback import safe
    book = await safe(lambda: okx.book(symbol), lambda: bybit.book(symbol), name="book", tape=tape)
    tape.published(..., data_quality="degraded" if book.degraded else "ok")

What is tried, in this order: the primary, unless its breaker is open (5 failures in a row within 30 s; then one probe
at a time, after 10 s at first); the fallback; the last good value of this name, if it is at most 30 s old.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct

from signaltape.breaker import Breaker
from signaltape.errors import SignaltapeError
from signaltape.secrecy import scrub
from signaltape.showing import describe

if TYPE_CHECKING:
    from signaltape.emitter import Emitter

T = TypeVar("T")
Call = Callable[[], Awaitable[T]]

#: So old a last good value may be.
LAST_GOOD_S = 30.0
#: So many names are remembered; of more, those that were not asked for the longest are forgotten.
MOST_NAMES = 1000
KIND = "fallback"
_LONGEST_REASON = 200


class NothingLeft(SignaltapeError):
    """Primary and fallback failed, and there is no value that is young enough. Its cause is the last error."""


class Outcome(Struct, Generic[T], frozen=True):
    """A value, and how it was come by. reasons: why it is not the primary's, the first of them first.

    age_s: how long ago a last good value was new; 0 for a new one.
    """

    value: T
    degraded: bool = False
    reasons: tuple[str, ...] = ()
    age_s: float = 0.0


class _Name:
    """What is remembered of a name."""

    def __init__(self) -> None:
        self.breaker = Breaker()
        self.good: tuple[object] | None = None
        self.good_at = 0.0


class Fallbacks:
    """What is remembered of each name: its breaker and its last good value.

    Made for one event loop; where several threads have one each, a failure may at worst be counted twice.

    monotonic: a clock in seconds that is never set back.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._names: OrderedDict[str, _Name] = OrderedDict()

    async def safe(
        self,
        primary: Call[T],
        fallback: Call[T] | None = None,
        *,
        name: str,
        within_s: float | None = None,
        tape: Emitter | None = None,
    ) -> Outcome[T]:
        """A value, from wherever there is one.

        name: what it is, such as `book:SOL`; all calls of a name share breaker and last good value, so they must ask
            for the same thing. within_s: how long primary and fallback may take, each. tape: counts how often it was
            degraded, as measurement ("fallback", name, degraded 0 or 1).

        Raises NothingLeft. Who cancels it cancels what it waits for; that counts neither for nor against the primary.
        """
        known, reasons = self._name(name), list[str]()
        try:
            outcome = await self._primary(known, primary, within_s, reasons)
            if outcome is None:
                outcome = await self._rather(known, fallback, within_s, reasons, name)
        except NothingLeft:
            _count(tape, name, degraded=True)
            raise
        _count(tape, name, degraded=outcome.degraded)
        return outcome

    async def _primary(
        self, known: _Name, primary: Call[T], within_s: float | None, reasons: list[str]
    ) -> Outcome[T] | None:
        breaker = known.breaker
        if not breaker.may(self._now_us()):
            reasons.append("primary: left alone after failures")
            return None
        opened_us = breaker.opened_us
        try:
            value = await _ended(primary, within_s)
        except Exception as error:  # noqa: BLE001 - whatever it is, it has failed
            if breaker.opened_us == opened_us:  # one that was asked before it opened is no probe
                breaker.failed(self._now_us())
            reasons.append(f"primary: {_said(error)}")
            return None
        except BaseException:  # cancelled: nobody knows how it would have ended
            if breaker.opened_us == opened_us:
                breaker.undecided()
            raise
        breaker.succeeded()
        known.good, known.good_at = (value,), self._monotonic()
        return Outcome(value)

    async def _rather(
        self, known: _Name, fallback: Call[T] | None, within_s: float | None, reasons: list[str], name: str
    ) -> Outcome[T]:
        failed: Exception | None = None
        if fallback is not None:
            try:
                return Outcome(await _ended(fallback, within_s), True, tuple(reasons))
            except Exception as error:  # noqa: BLE001 - there may be a last good value
                failed = error
                reasons.append(f"fallback: {_said(error)}")
        age_s = self._monotonic() - known.good_at
        if known.good is None or age_s > LAST_GOOD_S:
            raise NothingLeft(
                f"{name}: {'; '.join(reasons)}; no good value of the last {LAST_GOOD_S:g} s"
            ) from failed
        value: T = known.good[0]  # type: ignore[assignment]
        return Outcome(value, True, (*reasons, f"last good value, {age_s:.1f} s old"), age_s)

    def _name(self, name: str) -> _Name:
        known = self._names.setdefault(name, _Name())
        self._names.move_to_end(name)
        if len(self._names) > MOST_NAMES:
            self._names.popitem(last=False)
        return known

    def _now_us(self) -> int:
        return round(self._monotonic() * 1e6)


async def _ended(call: Call[T], within_s: float | None) -> T:
    """What a call gives. One that somebody else cancels, and not who cancels this task, has failed as any other."""
    try:
        async with asyncio.timeout(within_s):
            return await call()
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise ConnectionAbortedError("it was cancelled from elsewhere") from error


def _said(error: Exception) -> str:
    """In one short line without secrets."""
    return " ".join(scrub(describe(error)).split())[:_LONGEST_REASON]


def _count(tape: Emitter | None, name: str, *, degraded: bool) -> None:
    if tape is not None:
        tape.measure(KIND, name, degraded=float(degraded))


#: Of this process, for the usual case: `await safe(...)`.
safe = Fallbacks().safe
