"""The flight recorder's records: what an engine does besides its signals' lives.

Names on the wire, in Postgres and in the archive are exactly those written here in camelCase; the Emitter takes
snake_case too. Numbers are checked here and kept as sent; keys that a struct does not know are kept in the payload.
`timestamp` is ISO 8601 text (without a zone: WIB) or milliseconds since 1970; the Emitter stamps it.
"""

# Annotations are no texts here: each would be compiled at import, twice.
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from signaltape.contract.desk_records import Alert, AlertDecision, FeedbackClick, OperatorAct, SystemAlert
from signaltape.contract.events import Symbol, Text
from signaltape.contract.market_records import (
    MarketBook,
    MarketCandle,
    MarketFunding,
    MarketOpenInterest,
    MarketTrade,
)
from signaltape.contract.measure_records import Measurement
from signaltape.contract.order_records import OrderCommand, PriceLine
from signaltape.contract.record_base import (
    Amount,
    Count,
    DateKey,
    Group,
    Mode,
    Moment,
    Name,
    Number,
    Price,
    Record,
)

#: JSON of the engine's own making; it is not looked into. What is not given is None, which cannot be declared: beside
#: Raw a union has no meaning.
_NONE: Any = None


class StateEvent(Record, kw_only=True, frozen=True, rename="camel"):
    """The engine went from one state to another, or recomputed something about a symbol."""

    EVENT: ClassVar[str] = "state_event"
    GROUP: ClassVar[Group] = Group.EVENTS

    symbol: Symbol
    event_type: Name
    from_state: Text | None = None
    to_state: Text | None = None
    reason: Text | None = None
    extra: Raw = _NONE


class TradeLog(Record, kw_only=True, frozen=True, rename="camel"):
    """A finished trade."""

    EVENT: ClassVar[str] = "trade_log"
    GROUP: ClassVar[Group] = Group.TRADES

    symbol: Symbol
    side: Annotated[Literal["LONG", "SHORT"], Meta(description="must be LONG or SHORT")]
    entry_price: Price
    close_price: Price
    qty: Amount
    realized_pnl: Number
    mode: Mode
    date_key: DateKey | None = None
    leverage: Amount | None = None
    mfe: Number | None = None
    mae: Number | None = None
    duration_seconds: Amount | None = None


class OrderLog(Record, kw_only=True, frozen=True, rename="camel"):
    """An order and where it stands."""

    EVENT: ClassVar[str] = "order_log"
    GROUP: ClassVar[Group] = Group.ORDERS

    client_order_id: Text
    symbol: Symbol
    side: Annotated[Literal["BUY", "SELL"], Meta(description="must be BUY or SELL")]
    type: Name
    qty: Amount
    status: Name
    mode: Mode
    exchange_order_id: Text | None = None
    time_in_force: Name | None = None
    price: Amount | None = None
    trigger_price: Amount | None = None
    reduce_only: bool | None = None
    filled_qty: Amount | None = None
    avg_fill_price: Amount | None = None
    notional_usd: Amount | None = None
    source: Text | None = None
    last_error: Text | None = None


class RiskSnapshot(Record, kw_only=True, frozen=True, rename="camel"):
    """Account, daily figures and flags of the risk manager."""

    EVENT: ClassVar[str] = "risk_snapshot"
    GROUP: ClassVar[Group] = Group.SNAPSHOTS

    account: Raw = _NONE
    daily_stats: Raw = _NONE
    risk_flags: Raw = _NONE


class TpslSnapshot(Record, kw_only=True, frozen=True, rename="camel"):
    """Targets and stop of an open position, and what has overridden them."""

    EVENT: ClassVar[str] = "tpsl_snapshot"
    GROUP: ClassVar[Group] = Group.SNAPSHOTS

    symbol: Symbol
    side: Name | None = None
    entry_price: Amount | None = None
    tp1_price: Amount | None = msgspec.field(default=None, name="tp1Price")
    tp2_price: Amount | None = msgspec.field(default=None, name="tp2Price")
    stop_loss_price: Amount | None = None
    break_even_price: Amount | None = None
    trailing_active: bool | None = None
    trailing_distance_pct: Amount | None = None
    pump_override_applied: bool | None = None
    spoofing_override_applied: bool | None = None
    volatility_override_applied: bool | None = None


class ExecutionSnapshot(Record, kw_only=True, frozen=True, rename="camel"):
    """How the execution side stands."""

    EVENT: ClassVar[str] = "execution_snapshot"
    GROUP: ClassVar[Group] = Group.SNAPSHOTS

    mode: Mode | None = None
    safe_mode: bool | None = None
    pending_orders_count: Count | None = None
    active_orders_count: Count | None = None
    last_error_at: Moment | None = None
    last_error_message: Text | None = None


class ServiceHealth(Struct, kw_only=True, frozen=True, rename="camel"):
    """One service."""

    status: Annotated[Literal["OK", "WARN", "ERROR"], Meta(description="must be OK, WARN or ERROR")]
    last_update_at: Moment | None = None
    message: Text | None = None


class HealthSnapshot(Record, kw_only=True, frozen=True, rename="camel"):
    """All services by name."""

    EVENT: ClassVar[str] = "health_snapshot"
    GROUP: ClassVar[Group] = Group.SNAPSHOTS

    services: dict[str, ServiceHealth]


class ScoringSnapshot(Record, kw_only=True, frozen=True, rename="camel"):
    """The scoring side; its fields are the engine's own."""

    EVENT: ClassVar[str] = "scoring_snapshot"
    GROUP: ClassVar[Group] = Group.SNAPSHOTS


class RegimeSnapshot(Record, kw_only=True, frozen=True, rename="camel"):
    """The market regime; its fields are the engine's own."""

    EVENT: ClassVar[str] = "regime_snapshot"
    GROUP: ClassVar[Group] = Group.SNAPSHOTS


class FeatureSnapshot(Record, kw_only=True, frozen=True, rename="camel"):
    """Features as computed; its fields are the engine's own."""

    EVENT: ClassVar[str] = "feature_snapshot"
    GROUP: ClassVar[Group] = Group.SNAPSHOTS


#: Every record by its name on the wire.
RECORDS: dict[str, type[Record]] = {
    kind.EVENT: kind
    for kind in (
        *(StateEvent, TradeLog, OrderLog),
        *(RiskSnapshot, TpslSnapshot, ExecutionSnapshot, HealthSnapshot),
        *(ScoringSnapshot, RegimeSnapshot, FeatureSnapshot),
        *(MarketTrade, MarketBook, MarketCandle, MarketFunding, MarketOpenInterest),
        *(OrderCommand, PriceLine),
        *(Alert, AlertDecision, FeedbackClick, OperatorAct, SystemAlert),
        Measurement,
    )
}


def type_of(event: str, event_type: str | None) -> str:
    """The type by which replays choose: a record's own eventType, else its name in capitals."""
    return event_type or event.upper()
