"""Orders to ghosts and lines that ring: what is asked for, and what became of a line.

What becomes of an order itself is `order_log` and `trade_log`, as of any other.
"""

# Annotations are no texts here: each would be compiled at import, twice.
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from signaltape.contract.events import EntryType, SideField, SignalId, Text
from signaltape.contract.record_base import Amount, Count, Group, Moment, Price, Record
from signaltape.errors import InvalidEvent

Direction = Annotated[Literal["above", "below"], Meta(description="must be above or below")]
#: What each command cannot do without.
_NEEDS = {
    "place": ("orderId", "symbol", "side", "sl"),
    "cancel": ("orderId",),
    "set_line": ("lineId", "symbol", "price", "direction"),
    "cancel_line": ("lineId",),
}
_OF_A_LINE = ("symbol", "price", "direction")


class OrderCommand(Record, kw_only=True, frozen=True, rename="camel"):
    """What somebody wants of the ghosts: an order placed or cancelled, a line set or taken away."""

    EVENT: ClassVar[str] = "order_command"
    GROUP: ClassVar[Group] = Group.ORDERS

    command: Annotated[
        Literal["place", "cancel", "set_line", "cancel_line"],
        Meta(description="must be place, cancel, set_line or cancel_line"),
    ]
    by: Text
    via: Annotated[
        Literal["auto", "telegram", "shell", "web"], Meta(description="must be auto, telegram, shell or web")
    ]
    order_id: Text | None = None
    line_id: Text | None = None
    signal_id: SignalId | None = None
    ref_id: Text | None = None
    side: SideField | None = None
    entry_type: Annotated[EntryType, Meta(description="must be limit, stop or market")] | None = None
    entry: Price | None = None
    entry_low: Price | None = None
    entry_high: Price | None = None
    sl: Price | None = None
    tp1: Price | None = None
    tp2: Price | None = None
    published_at: Moment | None = None
    expires_at: Moment | None = None
    risk_usd: Amount | None = None
    size_pct: Amount | None = None
    price: Price | None = None
    direction: Direction | None = None
    label: Text | None = None
    user_id: Count | None = None
    chat_id: Text | None = None
    thread_id: Count | None = None

    def __post_init__(self) -> None:
        for name in _missing(self, _NEEDS[self.command]):
            raise InvalidEvent(f"{name} is required to {self.command}")
        if self.command == "place":
            _check_entry(self)


class PriceLine(Record, kw_only=True, frozen=True, rename="camel"):
    """What became of a line: set, rung, expired, cancelled or refused. `seen`: the price that rang it."""

    EVENT: ClassVar[str] = "price_line"
    GROUP: ClassVar[Group] = Group.ORDERS

    line_id: Text
    what: Annotated[
        Literal["set", "rung", "expired", "cancelled", "refused"],
        Meta(description="must be set, rung, expired, cancelled or refused"),
    ]
    price: Price | None = None
    direction: Direction | None = None
    seen: Price | None = None
    ref_id: Text | None = None
    order_id: Text | None = None
    chat_id: Text | None = None
    thread_id: Count | None = None
    user_id: Count | None = None
    label: Text | None = None
    reason: Text | None = None

    def __post_init__(self) -> None:
        needs = (*_OF_A_LINE, "seen") if self.what == "rung" else _OF_A_LINE if self.what == "set" else ()
        for name in _missing(self, needs):
            raise InvalidEvent(f"{name} is required of a line that is {self.what}")


def _check_entry(order: OrderCommand) -> None:
    low, high = order.entry_low, order.entry_high
    if (low is None) != (high is None):
        raise InvalidEvent("entryLow and entryHigh must be given together")
    if low is not None and high is not None and low > high:
        raise InvalidEvent(f"entryLow must be at most entryHigh, got {low} and {high}")
    if order.entry_type != EntryType.MARKET and order.entry is None and low is None:
        raise InvalidEvent("entry is required to place (or entryLow and entryHigh, or entryType market)")


def _missing(record: Record, names: tuple[str, ...]) -> Iterator[str]:
    """Of these names on the wire those that were not given, or are an empty text."""
    fields = dict(zip(record.__struct_encode_fields__, record.__struct_fields__, strict=True))
    return (name for name in names if getattr(record, fields[name]) in (None, ""))
