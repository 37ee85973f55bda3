"""A plan: what is to be done, as it was published. Refused in words where it could not be followed."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from ghost.model.exact import minus, times

Side = Literal["long", "short"]
EntryType = Literal["limit", "stop", "market"]
#: What the contract takes for an outcome.
MOST_R = Decimal(1_000_000)
#: What it takes for a quantity.
_MOST_COINS = Decimal(10**15)


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
    """The plan that was published, or why there is none. Of a band the nearer edge counts; a lone tp2 is the target."""
    if sl is None:
        return Refused("no stop (sl): without one there is no R to count in")
    kind = entry_type or "limit"
    plan = Plan(
        order_id=order_id,
        symbol=symbol,
        side=side,
        sl=sl,
        published_us=published_us,
        expires_us=expires_us,
        signal_id=signal_id,
        entry_type=kind,
        price=entry if entry is not None else _nearer_edge(kind, side, entry_low, entry_high),
        tp1=tp1 if tp1 is not None else tp2,
        tp2=tp2 if tp1 is not None else None,
        risk_usd=risk_usd,
    )
    trouble = _trouble(plan)
    return plan if trouble is None else Refused(trouble)


def _nearer_edge(kind: EntryType, side: Side, low: Decimal | None, high: Decimal | None) -> Decimal | None:
    """The price comes to a limit from the better side, to a stop from the other."""
    edges = [edge for edge in (low, high) if edge is not None]
    if not edges:
        return None
    return max(edges) if (side == "long") is (kind != "stop") else min(edges)


def _trouble(plan: Plan) -> str | None:
    if plan.price is None and plan.entry_type != "market":
        return f"no entry: a {plan.entry_type} order needs entry, or entry_low and entry_high"
    if plan.expires_us <= plan.published_us:
        return "it expires before it begins: no bar could fill it"
    if plan.risk_usd is not None and plan.risk_usd <= 0:
        return f"risk_usd must be above 0, got {plan.risk_usd}"
    return _out_of_order(plan) or _too_near(plan) or _too_much(plan)


def _too_near(plan: Plan) -> str | None:
    """An outcome beyond a million R is a unit error, and refused wherever it is told."""
    if plan.price is None:
        return None
    ways = [minus(target, plan.price).copy_abs() for target in (plan.tp1, plan.tp2) if target is not None]
    farthest = max([plan.price, *ways])
    if farthest <= times(minus(plan.price, plan.sl), MOST_R).copy_abs():
        return None
    return f"the stop is too near to the entry to count in R: {plan.sl} and {plan.price}"


def _too_much(plan: Plan) -> str | None:
    """An order of so many coins could be told to nobody."""
    if plan.price is None or plan.risk_usd is None:
        return None
    way = minus(plan.price, plan.sl).copy_abs()
    if plan.risk_usd < times(way, _MOST_COINS):
        return None
    return f"risk_usd over the way to the stop must be less than 10^15 of the coin, got {plan.risk_usd} over {way}"


def _out_of_order(plan: Plan) -> str | None:
    """A long needs sl < entry < tp1 < tp2, a short the other way round."""
    named = [("sl", plan.sl), ("entry", plan.price), ("tp1", plan.tp1), ("tp2", plan.tp2)]
    levels = [(name, price) for name, price in named if price is not None]
    below, above = ("below", "above") if plan.side == "long" else ("above", "below")
    for (name, price), (next_name, next_price) in pairwise(levels):
        if price == next_price or (price < next_price) is not (plan.side == "long"):
            if name == "sl":
                return (
                    f"the stop of a {plan.side} must be {below} its {next_name}, got {price} and {next_price}"
                )
            return f"{next_name} of a {plan.side} must be {above} {name}, got {next_price} and {price}"
    return None
