"""A plan: what is to be done, as it was published. Refused in words where it could not be followed."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

Side = Literal["long", "short"]
EntryType = Literal["limit", "stop", "market"]


class Plan(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One plan. Times in microseconds since 1970.

    price: of the entry; None for a market order that has none of its own. tp2: only beside a tp1, and beyond it.
    risk_usd: what the way from fill to stop is worth, or None.
    """

    order_id: str
    symbol: str
    side: Side
    sl: Decimal
    published_us: int
    expires_us: int
    signal_id: str | None = None
    entry_type: EntryType = "limit"
    price: Decimal | None = None
    tp1: Decimal | None = None
    tp2: Decimal | None = None
    risk_usd: Decimal | None = None


class Refused(Struct, frozen=True):
    """Why a plan cannot be followed, in one line."""

    reason: str


def plan_of(
    *,
    order_id: str,
    symbol: str,
    side: Side,
    published_us: int,
    expires_us: int,
    sl: Decimal | None,
    signal_id: str | None = None,
    entry_type: EntryType | None = None,
    entry: Decimal | None = None,
    entry_low: Decimal | None = None,
    entry_high: Decimal | None = None,
    tp1: Decimal | None = None,
    tp2: Decimal | None = None,
    risk_usd: Decimal | None = None,
) -> Plan | Refused:
    """The plan that was published, or why there is none. Of a band the nearer edge counts."""
    raise NotImplementedError
