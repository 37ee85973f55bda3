"""What the calls answer with; the API's description is made out of these."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec


class Signal(msgspec.Struct, frozen=True):
    """A signal with what became of it. outcome_from: who told it, engine or ghost; null while it is open."""

    signal_id: str
    symbol: str
    side: str
    setup: str | None
    rules_version: str
    ts_published: datetime
    score: Decimal
    bin: str
    rr_target: Decimal
    triggered: bool
    closed: bool
    open: bool
    stopped: bool
    won: bool
    reason: str | None
    exit_reason: str | None
    rr_realized: Decimal | None
    ends: datetime | None
    outcome_from: str | None


class SignalPage(msgspec.Struct, frozen=True):
    """Signals, newest first. total: all that match; next: `after` of the next page, null on the last.

    Without `all=1` no more than some thousand signals are looked through for a page: then it may have fewer than asked
    for, even none, and still a next; looked_back_to says how far it reaches. total: null where not all were counted.
    """

    total: int | None
    signals: list[Signal]
    next: str | None
    looked_back_to: datetime | None = None


class Event(msgspec.Struct, frozen=True):
    """An event as it was sent (payload), and when it happened, was streamed, was stored."""

    event: str
    happened: datetime
    streamed: datetime
    stored: datetime
    stream: str
    entry_id: str
    payload: msgspec.Raw


class Layer(msgspec.Struct, frozen=True):
    """A layer of the score."""

    layer: str
    matched: bool
    weight: Decimal | None
    value: msgspec.Raw | None


class WholeSignal(msgspec.Struct, frozen=True):
    """A signal with all that is stored of it. signal: null while its `published` has not come."""

    signal_id: str
    signal: Signal | None
    events: list[Event]
    layers: list[Layer]
    conflicts: list[Event]


class WeekOfScorecard(msgspec.Struct, frozen=True):
    """A week whose scorecard was stored. bins: as they were when last computed."""

    week: str
    week_start: date
    monotonic_ok: bool
    updated_at: datetime


class Weeks(msgspec.Struct, frozen=True):
    """Weeks, newest first."""

    scorecards: list[WeekOfScorecard]


class ProblemDetails(msgspec.Struct, frozen=True):
    """An error (RFC 9457). error: the same as detail."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    error: str
    request_id: str


Document = dict[str, Any]
