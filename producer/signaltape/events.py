"""The contract: the four lifecycle events of a signal, each a struct that is schema, validator and codec.

Numbers are `Decimal`, read from the JSON text itself, so that a score of 0.79996 is never rounded on its way.
Keys that a struct does not know are ignored here and kept in the event's payload.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from msgspec import Meta, Raw, Struct
from msgspec.structs import force_setattr

from signaltape.errors import InvalidEvent
from signaltape.limits import check_digits

#: The version of the contract that these structs describe.
SCHEMA_VERSION = 1

_ZERO = Decimal(0)
_ONE = Decimal(1)
#: R multiples beyond this are a unit error, not a trade.
_MAX_R = Decimal(1_000_000)
#: No price on any market is written with more than 15 digits before the point.
_MAX_PRICE = Decimal(10) ** 15


class Side(StrEnum):
    """Direction of a signal."""

    LONG = "long"
    SHORT = "short"


class InvalidationReason(StrEnum):
    """Why a signal stopped being valid."""

    SL = "sl"
    HARD_INVALIDATE = "hard_invalidate"
    EXPIRY = "expiry"


class ExitReason(StrEnum):
    """Why a position was closed."""

    TP = "tp"
    SL = "sl"
    TIME = "time"
    MANUAL = "manual"
    OTHER = "other"


def _number(rule: str, **bounds: int) -> Meta:
    return Meta(description=f"must be {rule}", extra_json_schema=dict(bounds))


Symbol = Annotated[
    str, Meta(min_length=1, max_length=128, description="must be a text of 1 to 128 characters")
]
Text = Annotated[str, Meta(max_length=512, description="must be a text of at most 512 characters")]
Score = Annotated[Decimal, _number("in 0..1", minimum=0, maximum=1)]
Price = Annotated[Decimal, _number("a price above 0", exclusiveMinimum=0)]
PositiveR = Annotated[Decimal, _number("an R multiple above 0", exclusiveMinimum=0)]
RMultiple = Annotated[Decimal, _number("a finite R multiple")]
MillisecondsAsInt = Annotated[int, Meta(ge=0, le=2**63 - 1)]
#: Also as `420000.0`, or as text, like every number; the struct then holds the int that it is.
Milliseconds = Annotated[
    MillisecondsAsInt | Decimal, Meta(description="must be a whole number of milliseconds, 0 or more")
]
MinutesAsInt = Annotated[int, Meta(gt=0, le=2**31 - 1)]
Minutes = Annotated[MinutesAsInt | Decimal, Meta(description="must be a whole number of minutes, 1 or more")]
#: Milliseconds as JavaScript's `Date.now()` says them.
Moment = Annotated[
    datetime | int | float,
    Meta(
        description="must be an ISO 8601 time (one without a zone is read as Asia/Jakarta), "
        "or milliseconds since 1970"
    ),
]
SignalId = Annotated[UUID, Meta(description="must be a UUID")]
SideField = Annotated[Side, Meta(description="must be long or short")]


class Scenario(Struct, kw_only=True, frozen=True):
    """One scenario of a signal; only its side is read."""

    side: SideField | None = None


class Scenarios(Struct, kw_only=True, frozen=True):
    """The scenarios of a signal; the primary one carries the side."""

    primary: Scenario | None = None


#: What a layer's value is when none was given. It cannot be declared: beside Raw a union has no meaning.
_ABSENT: Any = None


class Layer(Struct, kw_only=True, frozen=True):
    """What one confluence layer said, and its weight in the score. `value` is the JSON as it was sent."""

    match: Annotated[
        bool | Literal["match", "not_match"], Meta(description="must be true, false, match or not_match")
    ]
    weight: Annotated[Decimal, _number("a number")] | None = None
    value: Raw = _ABSENT

    def __post_init__(self) -> None:
        if self.weight is not None:
            if not self.weight.is_finite():
                raise InvalidEvent(f"weight must be a number, got {self.weight}")
            check_digits("weight", self.weight)

    @property
    def matched(self) -> bool:
        """Whether the layer spoke for the signal."""
        return self.match is True or self.match == "match"


LayerSays = Annotated[
    bool | Literal["match", "not_match"] | Layer,
    Meta(description="must be true, false, match, not_match, or an object with one of these as match"),
]
#: A layer is found by its name: Postgres takes no index entry of more than 2,704 bytes.
LayerName = Annotated[str, Meta(max_length=512, description="must be texts of at most 512 characters")]


def as_layer(says: bool | str | Layer) -> Layer:
    """What a layer said, in its long form."""
    return says if isinstance(says, Layer) else Layer(match=says)  # type: ignore[arg-type]


class LifecycleEvent(Struct, kw_only=True, frozen=True):
    """What all four events share. `ts` is another name for the event's own time field."""

    EVENT: ClassVar[str]
    TIME_FIELD: ClassVar[str]

    signal_id: SignalId
    symbol: Symbol
    ts: Moment | None = None

    @property
    def own_time(self) -> datetime | float | None:
        """When it happened, as sent: the event's own time field, else `ts`, else None."""
        own: datetime | float | None = getattr(self, self.TIME_FIELD)
        return own if own is not None else self.ts


class SignalPublished(LifecycleEvent, kw_only=True, frozen=True):
    """A signal was published to traders."""

    EVENT: ClassVar[str] = "signal_published"
    TIME_FIELD: ClassVar[str] = "ts_published"

    confluence_score: Score
    rr: PositiveR
    expiry_minutes: Minutes
    rules_version: Text
    scenarios: Scenarios | None = None
    side: SideField | None = None
    ts_published: Moment | None = None
    layers: dict[LayerName, LayerSays] | None = None
    setup: Text | None = None
    entry: Price | None = None
    sl: Price | None = None
    tp: Price | None = None
    confidence: Score | None = None
    ref_id: Text | None = None
    timeframe: Text | None = None

    def __post_init__(self) -> None:
        _check_score("confluence_score", self.confluence_score)
        if not _ZERO < self.rr < _MAX_R:
            raise InvalidEvent(f"rr must be an R multiple above 0, got {self.rr}")
        check_digits("rr", self.rr)
        if self.confidence is not None:
            _check_score("confidence", self.confidence)
        if self.entry is not None:
            _check_price("entry", self.entry)
        if self.sl is not None:
            _check_price("sl", self.sl)
        if self.tp is not None:
            _check_price("tp", self.tp)
        _make_whole(self, "expiry_minutes", "minutes, 1 or more", 1, 2**31 - 1)
        _check_sides(self)

    @property
    def direction(self) -> Side:
        """The side, from wherever it was given."""
        side = self.side
        if side is None and self.scenarios is not None and self.scenarios.primary is not None:
            side = self.scenarios.primary.side
        assert side is not None  # held by __post_init__
        return side


class SignalTriggered(LifecycleEvent, kw_only=True, frozen=True):
    """The entry of a signal was filled."""

    EVENT: ClassVar[str] = "signal_triggered"
    TIME_FIELD: ClassVar[str] = "ts_triggered"

    entry_fill: Price
    time_to_trigger_ms: Milliseconds
    ts_triggered: Moment | None = None

    def __post_init__(self) -> None:
        _check_price("entry_fill", self.entry_fill)
        _make_whole(self, "time_to_trigger_ms", "milliseconds, 0 or more", 0, 2**63 - 1)


class SignalInvalidated(LifecycleEvent, kw_only=True, frozen=True):
    """A signal stopped being valid, with the reason."""

    EVENT: ClassVar[str] = "signal_invalidated"
    TIME_FIELD: ClassVar[str] = "ts_invalidated"

    reason: Annotated[InvalidationReason, Meta(description="must be sl, hard_invalidate or expiry")]
    ts_invalidated: Moment | None = None


class SignalClosed(LifecycleEvent, kw_only=True, frozen=True):
    """The position of a signal was closed, with its outcome in R."""

    EVENT: ClassVar[str] = "signal_closed"
    TIME_FIELD: ClassVar[str] = "ts_closed"

    rr_realized: RMultiple
    time_in_trade_ms: Milliseconds
    exit_reason: Annotated[ExitReason, Meta(description="must be tp, sl, time, manual or other")]
    ts_closed: Moment | None = None
    rr_best: RMultiple | None = None
    fees_r: RMultiple | None = None

    def __post_init__(self) -> None:
        _check_r("rr_realized", self.rr_realized)
        if self.rr_best is not None:
            _check_r("rr_best", self.rr_best)
        if self.fees_r is not None:
            _check_r("fees_r", self.fees_r)
        _make_whole(self, "time_in_trade_ms", "milliseconds, 0 or more", 0, 2**63 - 1)


#: Every lifecycle event by its name on the wire.
EVENTS: dict[str, type[LifecycleEvent]] = {
    kind.EVENT: kind for kind in (SignalPublished, SignalTriggered, SignalInvalidated, SignalClosed)
}


# Each rule here is the one that the field's `Meta(description=...)` states.


def _check_score(field: str, value: Decimal) -> None:
    if not _ZERO <= value <= _ONE:
        raise InvalidEvent(f"{field} must be in 0..1, got {value}")
    check_digits(field, value)


def _check_price(field: str, value: Decimal) -> None:
    if not _ZERO < value < _MAX_PRICE:
        raise InvalidEvent(f"{field} must be a price above 0, got {value}")
    check_digits(field, value)


def _check_r(field: str, value: Decimal) -> None:
    if not -_MAX_R < value < _MAX_R:
        raise InvalidEvent(f"{field} must be a finite R multiple, got {value}")
    check_digits(field, value)


def _make_whole(event: LifecycleEvent, field: str, rule: str, least: int, most: int) -> None:
    """Put the int in place of a whole number that was written with a point, an exponent or as text."""
    value = getattr(event, field)
    if isinstance(value, int):
        return
    if not (value.is_finite() and least <= value <= most and value == value.to_integral_value()):
        raise InvalidEvent(f"{field} must be a whole number of {rule}, got {value}")
    check_digits(field, value)
    force_setattr(event, field, int(value))


def _check_sides(event: SignalPublished) -> None:
    primary = event.scenarios.primary if event.scenarios is not None else None
    named = primary.side if primary is not None else None
    if event.side is None and named is None:
        raise InvalidEvent("side is required: give scenarios.primary.side or side (long or short)")
    if event.side is not None and named is not None and event.side != named:
        raise InvalidEvent(f"side must equal scenarios.primary.side, got {event.side} and {named}")
