"""The life of one signal, found by walking the later one-minute candles. Pure and without hindsight.

Rules, in the order in which a candle is examined:
- before the fill: expiry by time; the target reached without us, or the trend turned (hard_invalidate); fill at
  the entry, or at the open if that was better;
- in the candle of the fill: if it also touched the stop, the signal is invalidated with `sl` and never becomes a
  position (whether the target came before the fill is not knowable from a candle, so it never counts there);
- afterwards: stop (at the open, if the candle opened beyond it), target, time limit, trend turned. A candle that
  touched both counts as stopped, and `rr_best` says what the target would have given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from deploy.demo.candles import Candle

_DIGITS_R = 4


class Plan(NamedTuple):
    """What a signal wants: prices, and how long it may wait and last."""

    side: str
    published: datetime
    entry: float
    stop: float
    target: float
    rr: float
    expiry: timedelta
    longest: timedelta

    @property
    def sign(self) -> int:
        """1 for long, -1 for short."""
        return 1 if self.side == "long" else -1

    def r_at(self, fill: float, price: float) -> float:
        """The outcome in R of a position opened at `fill` and closed at `price`; 1 R is entry to stop."""
        return round(self.sign * (price - fill) / abs(self.entry - self.stop), _DIGITS_R)


class Happening(NamedTuple):
    """One event of a signal's life: the emitter's method, the time, and its fields."""

    kind: str
    ts: datetime
    fields: dict[str, Any]


def walk(plan: Plan, later: Iterable[Candle], turned: Callable[[datetime], bool]) -> list[Happening]:
    """What becomes of a signal.

    later: the candles after publication, in order; turned: whether the trend is against the side at a
    candle's end. Returns the events in order; a signal that the candles do not decide stays open.
    """
    candles = iter(later)
    fill = _wait_for_fill(plan, candles, turned)
    if fill is None or isinstance(fill, Happening):
        return [fill] if fill is not None else []
    price, at = fill
    opened = Happening(
        "triggered", at.end, {"entry_fill": price, "time_to_trigger_ms": _ms(at.end - plan.published)}
    )
    if _touches_stop(plan, at):
        return [opened, Happening("invalidated", at.end, {"reason": "sl"})]
    closed = _wait_for_exit(plan, price, at.end, candles, turned)
    return [opened, closed] if closed is not None else [opened]


def _wait_for_fill(
    plan: Plan, candles: Iterable[Candle], turned: Callable[[datetime], bool]
) -> tuple[float, Candle] | Happening | None:
    for candle in candles:
        if candle.end > plan.published + plan.expiry:
            return Happening("invalidated", plan.published + plan.expiry, {"reason": "expiry"})
        if plan.sign * (candle.open - plan.entry) <= 0:
            return candle.open, candle
        if _low(plan, candle) <= plan.sign * plan.entry:
            return plan.entry, candle
        if _touches_target(plan, candle) or turned(candle.end):
            return Happening("invalidated", candle.end, {"reason": "hard_invalidate"})
    return None


def _wait_for_exit(
    plan: Plan, fill: float, since: datetime, candles: Iterable[Candle], turned: Callable[[datetime], bool]
) -> Happening | None:
    for candle in candles:
        if _touches_stop(plan, candle):
            price = plan.stop if plan.sign * (candle.open - plan.stop) > 0 else candle.open
            best = {"rr_best": plan.r_at(fill, plan.target)} if _touches_target(plan, candle) else {}
            return _close(plan, fill, price, "sl", since, candle, best)
        if _touches_target(plan, candle):
            price = plan.target if plan.sign * (candle.open - plan.target) < 0 else candle.open
            return _close(plan, fill, price, "tp", since, candle)
        if candle.end - since >= plan.longest:
            return _close(plan, fill, candle.close, "time", since, candle)
        if turned(candle.end):
            return _close(plan, fill, candle.close, "other", since, candle)
    return None


def _close(
    plan: Plan,
    fill: float,
    price: float,
    reason: str,
    since: datetime,
    candle: Candle,
    extra: dict[str, Any] | None = None,
) -> Happening:
    fields = {
        "rr_realized": plan.r_at(fill, price),
        "time_in_trade_ms": _ms(candle.end - since),
        "exit_reason": reason,
        **(extra or {}),
    }
    return Happening("closed", candle.end, fields)


def _touches_stop(plan: Plan, candle: Candle) -> bool:
    return _low(plan, candle) <= plan.sign * plan.stop


def _touches_target(plan: Plan, candle: Candle) -> bool:
    high = candle.high if plan.sign > 0 else -candle.low
    return high >= plan.sign * plan.target


def _low(plan: Plan, candle: Candle) -> float:
    """The adverse extreme, signed so that lower is worse for either side."""
    return candle.low if plan.sign > 0 else -candle.high


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
