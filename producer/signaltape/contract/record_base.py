"""What all records share: the types of their fields, their groups, the struct that each of them is."""

# Annotations are no texts here: each would be compiled at import, twice.
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from signaltape.contract.events import Symbol

Number = Annotated[float, Meta(ge=-1e15, le=1e15, description="must be a number")]
Price = Annotated[float, Meta(gt=0, lt=1e15, description="must be a price above 0")]
Amount = Annotated[float, Meta(ge=0, lt=1e15, description="must be a number, 0 or more")]
Count = Annotated[int, Meta(ge=0, le=2**63 - 1, description="must be a whole number, 0 or more")]
Name = Annotated[str, Meta(min_length=1, max_length=64, description="must be a text of 1 to 64 characters")]
Moment = Annotated[
    datetime | int | float,
    Meta(description="must be an ISO 8601 time, or milliseconds since 1970"),
]
DateKey = Annotated[
    str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$", description="must be a day such as 2022-01-17 (WIB)")
]
Mode = Annotated[Literal["SIM", "DRY_RUN", "LIVE"], Meta(description="must be SIM, DRY_RUN or LIVE")]

Quality = Annotated[Literal["ok", "degraded", "bad"], Meta(description="must be ok, degraded or bad")]


class Group(StrEnum):
    """What is kept equally long and lies together."""

    EVENTS = "events"
    TRADES = "trades"
    ORDERS = "orders"
    SNAPSHOTS = "snapshots"
    MARKET = "market"
    DESK = "desk"
    MEASURES = "measures"


class Record(Struct, kw_only=True, frozen=True, rename="camel"):
    """What all records share. `id` is the emitter's; without one, the entry's place in the stream gives it."""

    EVENT: ClassVar[str]
    GROUP: ClassVar[Group]

    id: Annotated[str, Meta(max_length=64, description="must be a UUID")] | None = None
    timestamp: Moment | None = None
    symbol: Symbol | None = None
    event_type: Name | None = None
