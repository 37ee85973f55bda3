"""A signal with its plan, as the answers about a symbol read it: is it still valid, and what became of it. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec import Struct, convert

from outbox.wording import duration, moment, number, r_multiple

_HUNDRED = Decimal(100)
#: No engine plans further ahead; the contract lets minutes be anything, and a time must not overflow.
_LONGEST_MINUTES = 60 * 24 * 366
#: A price is said with at most so many digits behind the ones that its neighbours have.
_WHY = {"sl": "by its stop", "hard_invalidate": "by the engine", "expiry": "unfilled"}


class Plan(Struct, frozen=True, kw_only=True):
    """A published signal, and what became of it."""

    signal_id: str
    symbol: str
    side: str
    rules_version: str
    score: Decimal
    rr_target: Decimal
    ts_published: datetime
    expiry_minutes: int
    setup: str | None = None
    timeframe: str | None = None
    ref_id: str | None = None
    confidence: Decimal | None = None
    entry: Decimal | None = None
    entry_low: Decimal | None = None
    entry_high: Decimal | None = None
    sl: Decimal | None = None
    tp: Decimal | None = None
    tp2: Decimal | None = None
    atr_pct: Decimal | None = None
    data_quality: str | None = None
    degraded: bool | None = None
    ts_triggered: datetime | None = None
    entry_fill: Decimal | None = None
    ts_invalidated: datetime | None = None
    reason: str | None = None
    ts_closed: datetime | None = None
    exit_reason: str | None = None
    rr_realized: Decimal | None = None

    @property
    def expires(self) -> datetime:
        """Until when it may be entered."""
        return self.ts_published + timedelta(minutes=min(self.expiry_minutes, _LONGEST_MINUTES))

    @property
    def ended(self) -> bool:
        """Whether its life is over: closed, or invalidated."""
        return self.ts_closed is not None or self.ts_invalidated is not None

    def is_valid(self, now: datetime) -> bool:
        """Whether it may still be entered, or is in a trade."""
        return not self.ended and (self.ts_triggered is not None or now < self.expires)

    @property
    def planned(self) -> Decimal | None:
        """Where it is meant to be entered: the entry, else an edge of its band."""
        return self.entry or self.entry_low or self.entry_high


def plan_of(row: dict[str, Any]) -> Plan:
    """A row of the query `newest`."""
    return convert(row, Plan)


def age(then: datetime, now: datetime) -> str:
    """How long ago something was: `7 min`; of what lies ahead (another clock) `0 s`."""
    return duration(max(0, int((now - then).total_seconds() * 1000)))


def life(plan: Plan, now: datetime) -> str:
    """What became of it, in one sentence."""
    if plan.ts_closed is not None:
        return f"Closed {r_multiple(plan.rr_realized)} ({plan.exit_reason}), {age(plan.ts_closed, now)} ago"
    if plan.ts_invalidated is not None:
        return f"Ended {_WHY.get(plan.reason or '', 'early')}, {age(plan.ts_invalidated, now)} ago"
    if plan.ts_triggered is not None:
        return f"In trade for {age(plan.ts_triggered, now)} at {number(plan.entry_fill)}"
    if now < plan.expires:
        return f"Valid until {moment(plan.expires, now)} ({age(now, plan.expires)} left)"
    return f"Expired {age(plan.expires, now)} ago, no word since"


def entry(plan: Plan) -> str:
    """`222.1`, or the band `221.5–222.3`."""
    if plan.entry_low is not None and plan.entry_high is not None:
        return f"{number(plan.entry_low)}–{number(plan.entry_high)}"
    return number(plan.planned)


def percent_from(price: Decimal | None, base: Decimal | None) -> str:
    """How far a price is from the entry: `−0.82 %`; empty if either is missing."""
    if price is None or not base:
        return ""
    away = (price - base) / base * _HUNDRED
    return "" if abs(away) >= 1000 else f"{away:+.2f} %".replace("-", "−")


def rr(plan: Plan, target: Decimal | None) -> Decimal | None:
    """What a target brings for what the stop costs; None if a price is missing."""
    base = plan.planned
    if base is None or plan.sl is None or target is None or base == plan.sl:
        return None
    gain = target - base if plan.side == "long" else base - target
    return gain / abs(base - plan.sl)
