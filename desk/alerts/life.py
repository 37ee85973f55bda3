"""What became of an alert's signal: folded out of its events in any order, and said in a line each. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from desk.alerts.wording import signed
from outbox.wording import ago, clock
from signaltape.contract.codec import decode
from signaltape.contract.events import SignalClosed, SignalInvalidated, SignalTriggered

#: How a line of life begins.
MARK = "▸"
#: The events that a life is made of, by their names on the wire.
EVENTS = (SignalTriggered.EVENT, SignalInvalidated.EVENT, SignalClosed.EVENT)


class Life(Struct, frozen=True, kw_only=True):
    """Each part is None until it is known. trigger_ms, trade_ms: milliseconds, as the engine said them.

    expired: its validity ended, and nothing had become of it. ghost_trigger, ghost_end: this its ghost came to, and the
    engine has not said.
    """

    triggered_at: datetime | None = None
    trigger_ms: int | None = None
    invalidated_at: datetime | None = None
    invalid_because: str | None = None
    closed_at: datetime | None = None
    rr_realized: Decimal | None = None
    trade_ms: int | None = None
    exit_reason: str | None = None
    expired: bool = False
    ghost_trigger: bool = False
    ghost_end: bool = False

    @property
    def ended(self) -> str | None:
        """`closed` or `invalidated`; None while it goes on."""
        return "closed" if self.closed_at else "invalidated" if self.invalidated_at else None

    @property
    def is_untouched(self) -> bool:
        """Whether nothing has become of it."""
        return self.triggered_at is None and self.ended is None


def with_event(life: Life, event_name: str, payload: bytes, entry_ts: datetime) -> Life:
    """The life with an event in it: the same whatever comes first, and again.

    Raises InvalidEvent for what the contract refuses; an event that is not part of a life changes nothing.
    """
    if event_name not in EVENTS:
        return life
    decoded = decode(event_name, payload, default_ts=entry_ts)
    event, at = decoded.event, decoded.ts
    if isinstance(event, SignalTriggered):
        return replace(life, triggered_at=at, trigger_ms=int(event.time_to_trigger_ms))
    if isinstance(event, SignalInvalidated):
        return replace(life, invalidated_at=at, invalid_because=event.reason.value)
    assert isinstance(event, SignalClosed)
    return replace(
        life,
        closed_at=at,
        rr_realized=event.rr_realized,
        trade_ms=int(event.time_in_trade_ms),
        exit_reason=event.exit_reason.value,
    )


def life_lines(life: Life, since: datetime) -> list[str]:
    """What is known, the latest last. since: when it was published."""
    lines = []
    if life.triggered_at is not None:
        by = " (ghost)" if life.ghost_trigger else ""
        lines.append(f"triggered {clock(life.triggered_at, since)} after {_ms(life.trigger_ms)}{by}")
    if life.invalidated_at is not None:
        by = " (ghost)" if life.ghost_end else ""
        lines.append(f"invalidated: {life.invalid_because} after {ago(life.invalidated_at - since)}{by}")
    if life.closed_at is not None:
        won = "" if life.rr_realized is None else f" {signed(life.rr_realized, 2)} R"
        by = ", ghost" if life.ghost_end else ""
        lines.append(f"closed{won} in {_ms(life.trade_ms)} ({life.exit_reason}{by})")
    if life.expired and life.is_untouched:
        lines.append("expired untouched")
    return [f"{MARK} {line}" for line in lines]


def _ms(milliseconds: int | None) -> str:
    return ago(timedelta(milliseconds=min(milliseconds or 0, _MOST_MS)))


#: Ten years: no time overflows.
_MOST_MS = 10 * 366 * 86_400_000


def dump(life: Life) -> str:
    """A life as JSON, for its row."""
    return msgspec.json.encode(life).decode()


def load(row: str | bytes | None) -> Life:
    """A life of its row; of none, one of which nothing is known. Raises msgspec.ValidationError."""
    return msgspec.json.decode(row, type=Life) if row else Life()
