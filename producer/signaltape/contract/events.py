"""The contract: the lifecycle events of a signal, each a struct that is schema, validator and codec.

Four are the engine's. Three tell the same of the ghost that follows a signal whose engine only publishes: they stand
beside the engine's own, and never in their place.

A field is declared here and nowhere else: from its line follow the exact check, the engine's fast one, the sink's fast
decoder, the column it is stored in, and its JSON Schema (see `declared`). A new one needs a line here, and a migration
that adds its column.

Numbers are `Decimal`, read from the JSON text itself, so that a score of 0.79996 is never rounded on its way.
Keys that a struct does not know are ignored here and kept in the event's payload.
"""

# Annotations are no texts here: each would be compiled at import, twice.
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from signaltape.contract.declared import Declared, declared, number, stored, whole
from signaltape.contract.layers import LayerName, LayerSays
from signaltape.contract.limits import check_digits
from signaltape.errors import InvalidEvent

#: The version of the contract that these structs describe.
SCHEMA_VERSION = 1

#: R multiples beyond this are a unit error, not a trade.
_MAX_R = 1_000_000
#: No price on any market is written with more than 15 digits before the point.
_MAX_PRICE = 10**15


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


class DataQuality(StrEnum):
    """How far the engine trusted what it saw when it published."""

    OK = "ok"
    DEGRADED = "degraded"
    BAD = "bad"


class EntryType(StrEnum):
    """How a plan enters: resting at its price, once the price gets there, or at once."""

    LIMIT = "limit"
    STOP = "stop"
    MARKET = "market"


Symbol = Annotated[
    str, Meta(min_length=1, max_length=128, description="must be a text of 1 to 128 characters")
]
Text = Annotated[str, Meta(max_length=512, description="must be a text of at most 512 characters")]
Score = Annotated[Decimal, number("in 0..1", 0, 1, closed=True, minimum=0, maximum=1)]
Price = Annotated[Decimal, number("a price above 0", 0, _MAX_PRICE, exclusiveMinimum=0)]
Percent = Annotated[Decimal, number("in percent, 0 or more", 0, _MAX_R, closed=True, minimum=0)]
PositiveR = Annotated[Decimal, number("an R multiple above 0", 0, _MAX_R, exclusiveMinimum=0)]
RMultiple = Annotated[Decimal, number("a finite R multiple", -_MAX_R, _MAX_R)]
MillisecondsAsInt = Annotated[int, Meta(ge=0, le=2**63 - 1)]
#: Also as `420000.0`, or as text, like every number; the struct then holds the int that it is.
Milliseconds = Annotated[MillisecondsAsInt | Decimal, whole("milliseconds, 0 or more", 0, 2**63 - 1)]
MinutesAsInt = Annotated[int, Meta(gt=0, le=2**31 - 1)]
Minutes = Annotated[MinutesAsInt | Decimal, whole("minutes, 1 or more", 1, 2**31 - 1)]
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


class LifecycleEvent(Struct, kw_only=True, frozen=True):
    """What all events share. `ts` is another name for the event's own time field."""

    EVENT: ClassVar[str]
    TIME_FIELD: ClassVar[str]
    #: where its details are stored
    TABLE: ClassVar[str]

    signal_id: SignalId
    symbol: Symbol
    ts: Annotated[Moment, stored(None)] | None = None
    engine: Text | None = None

    def __post_init__(self) -> None:
        for field in _bounded(type(self)):
            _hold(self, field)

    @property
    def own_time(self) -> datetime | float | None:
        """When it happened, as sent: the event's own time field, else `ts`, else None."""
        own: datetime | float | None = getattr(self, self.TIME_FIELD)
        return own if own is not None else self.ts


class SignalPublished(LifecycleEvent, kw_only=True, frozen=True):
    """A signal was published to traders."""

    EVENT: ClassVar[str] = "signal_published"
    TIME_FIELD: ClassVar[str] = "ts_published"
    TABLE: ClassVar[str] = "signals"

    confluence_score: Score
    rr: Annotated[PositiveR, stored("rr_target")]
    expiry_minutes: Minutes
    rules_version: Text
    scenarios: Annotated[Scenarios, stored(None)] | None = None
    side: Annotated[SideField, stored("side", source="direction")] | None = None
    ts_published: Moment | None = None
    layers: Annotated[dict[LayerName, LayerSays], stored(None)] | None = None
    setup: Text | None = None
    entry: Price | None = None
    sl: Price | None = None
    tp: Price | None = None
    confidence: Score | None = None
    ref_id: Text | None = None
    timeframe: Text | None = None
    entry_low: Price | None = None
    entry_high: Price | None = None
    tp2: Price | None = None
    atr_pct: Percent | None = None
    data_quality: Annotated[DataQuality, Meta(description="must be ok, degraded or bad")] | None = None
    degraded: Annotated[bool, Meta(description="must be true or false")] | None = None
    model_version: Text | None = None
    features_version: Text | None = None
    track: (
        Annotated[bool | Text, Meta(description="must be true, false, or a text of at most 512 characters")]
        | None
    ) = None
    entry_type: Annotated[EntryType, Meta(description="must be limit, stop or market")] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
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
    TABLE: ClassVar[str] = "signal_triggers"

    entry_fill: Price
    time_to_trigger_ms: Milliseconds
    ts_triggered: Moment | None = None


class SignalInvalidated(LifecycleEvent, kw_only=True, frozen=True):
    """A signal stopped being valid, with the reason."""

    EVENT: ClassVar[str] = "signal_invalidated"
    TIME_FIELD: ClassVar[str] = "ts_invalidated"
    TABLE: ClassVar[str] = "signal_invalidations"

    reason: Annotated[InvalidationReason, Meta(description="must be sl, hard_invalidate or expiry")]
    ts_invalidated: Moment | None = None


class SignalClosed(LifecycleEvent, kw_only=True, frozen=True):
    """The position of a signal was closed, with its outcome in R."""

    EVENT: ClassVar[str] = "signal_closed"
    TIME_FIELD: ClassVar[str] = "ts_closed"
    TABLE: ClassVar[str] = "signal_closures"

    rr_realized: RMultiple
    time_in_trade_ms: Milliseconds
    exit_reason: Annotated[ExitReason, Meta(description="must be tp, sl, time, manual or other")]
    ts_closed: Moment | None = None
    rr_best: RMultiple | None = None
    fees_r: RMultiple | None = None


class GhostTriggered(SignalTriggered, kw_only=True, frozen=True):
    """The entry of a signal's ghost was filled."""

    EVENT: ClassVar[str] = "ghost_triggered"
    TABLE: ClassVar[str] = "ghost_triggers"


class GhostInvalidated(SignalInvalidated, kw_only=True, frozen=True):
    """A signal's ghost was never filled, or given up, with the reason."""

    EVENT: ClassVar[str] = "ghost_invalidated"
    TABLE: ClassVar[str] = "ghost_invalidations"


class GhostClosed(SignalClosed, kw_only=True, frozen=True):
    """The position of a signal's ghost was closed, with its outcome in R."""

    EVENT: ClassVar[str] = "ghost_closed"
    TABLE: ClassVar[str] = "ghost_closures"


def _by_name(*kinds: type[LifecycleEvent]) -> dict[str, type[LifecycleEvent]]:
    return {kind.EVENT: kind for kind in kinds}


#: What an engine says of its signals.
ENGINE_EVENTS = _by_name(SignalPublished, SignalTriggered, SignalInvalidated, SignalClosed)
#: What their ghosts came to.
GHOST_EVENTS = _by_name(GhostTriggered, GhostInvalidated, GhostClosed)
#: Every lifecycle event by its name on the wire.
EVENTS = {**ENGINE_EVENTS, **GHOST_EVENTS}


@cache
def _bounded(kind: type[LifecycleEvent]) -> tuple[Declared, ...]:
    return tuple(field for field in declared(kind) if field.bounds is not None)


def _hold(event: LifecycleEvent, field: Declared) -> None:
    """Hold a number against its bounds; what is a whole number becomes an int. Raises InvalidEvent."""
    value = getattr(event, field.name)
    if value is None or isinstance(value, int):  # msgspec itself has held an int against them
        return
    assert field.bounds is not None
    as_int = field.whole is not None
    if as_int and not (value.is_finite() and value == value.to_integral_value()):
        raise InvalidEvent(f"{field.name} {field.rule}, got {value}")
    if not field.bounds.hold(value):
        raise InvalidEvent(f"{field.name} {field.rule}, got {value}")
    check_digits(field.name, value)
    if as_int:
        force_setattr(event, field.name, int(value))


def _check_sides(event: SignalPublished) -> None:
    primary = event.scenarios.primary if event.scenarios is not None else None
    named = primary.side if primary is not None else None
    if event.side is None and named is None:
        raise InvalidEvent("side is required: give scenarios.primary.side or side (long or short)")
    if event.side is not None and named is not None and event.side != named:
        raise InvalidEvent(f"side must equal scenarios.primary.side, got {event.side} and {named}")
