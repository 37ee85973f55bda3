"""Ghosts of a signal, as its page shows them: rows of words, and marks in the price path. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from ghost.operations.showing import Card, Fill, Order
from outbox.wording import NOTHING, gain, number, r_multiple
from web.path_chart import Mark

#: What each state means for who reads it.
MEANS = {
    "waiting": "waits for its entry",
    "open": "in trade",
    "closed": "ended",
    "expired": "was not filled in its time",
    "cancelled": "was taken back",
    "refused": "was not followed",
}
#: Reasons that the model gives.
_WHY = {"asked": "somebody asked for it", "beyond_stop": "the price was beyond its stop already"}
#: In a picture there is room for so many; the table has all.
_MOST_DRAWN = 6


class GhostRow(NamedTuple):
    """A ghost in words. beside_engine: what its engine's outcome is from it, in R."""

    number: int
    asked_by: str
    ended: str
    fill: str
    worse: str
    best: str
    fees: str
    mfe: str
    mae: str
    beside_engine: str


def rows_of(cards: Sequence[Card], signal: Mapping[str, Any] | None) -> list[GhostRow]:
    """Each ghost, beside the end that its engine told, if it did."""
    told = signal["rr_realized"] if signal and signal["outcome_from"] == "engine" else None
    return [_row(card.order, told) for card in cards]


def _row(order: Order, told: Decimal | None) -> GhostRow:
    beside = None if told is None or order.rr_realized is None else told - order.rr_realized
    return GhostRow(
        number=order.number,
        asked_by=asked_by(order),
        ended=ended(order),
        fill=number(order.fill),
        worse=r_multiple(order.rr_realized),
        best=r_multiple(best_of(order)),
        fees=r_multiple(order.fees_r),
        mfe=r_multiple(order.mfe_r),
        mae=r_multiple(order.mae_r),
        beside_engine=r_multiple(beside),
    )


def asked_by(order: Order) -> str:
    """Who wanted it: `itself`, `tracked`, `dewi, by a button`."""
    how = {
        "auto": "by itself",
        "track": "tracked",
        "clicked": "by a button",
        "shell": "in a shell",
        "web": "here",
    }
    return f"{order.by}, {how[order.source]}" if order.by else how[order.source]


def ended(order: Order) -> str:
    """`closed by tp`, `waiting`, `refused: …`."""
    if order.status == "closed":
        return f"closed by {order.exit_reason}" if order.exit_reason else "closed"
    return f"{order.status}: {_WHY.get(order.reason, order.reason)}" if order.reason else order.status


def best_of(order: Order) -> Decimal | None:
    """What it came to in the better world; None where both are one."""
    return None if order.rr_best == order.rr_realized else order.rr_best


def marks_of(cards: Sequence[Card]) -> list[Mark]:
    """Where ghosts went in and out, in both worlds where they differ; the same of several once."""
    return list(dict.fromkeys(_marks(cards[:_MOST_DRAWN])))


def _marks(cards: Sequence[Card]) -> Iterator[Mark]:
    return (Mark(_kind(fill), fill.at, fill.price) for card in cards for fill in card.fills)


def _kind(fill: Fill) -> str:
    if fill.kind == "entry":
        return "in"
    return "out" if fill.world == "both" else fill.world


class FillRow(NamedTuple):
    """A fill in words."""

    at: datetime
    what: str
    world: str
    price: str
    share: str
    fee: str


def fill_rows(card: Card) -> list[FillRow]:
    """The fills of a ghost."""
    return [
        FillRow(one.at, one.kind, one.world, number(one.price), number(one.fraction), r_multiple(one.fee_r))
        for one in card.fills
    ]


def figures_of(order: Order) -> list[tuple[str, str]]:
    """What an order came to, each with its name; without those that are not known."""
    named = (
        *(("fill", number(order.fill)), ("result", r_multiple(order.rr_realized))),
        *(("at best", r_multiple(best_of(order))), ("fees", r_multiple(order.fees_r))),
        *(("MFE", r_multiple(order.mfe_r)), ("MAE", r_multiple(order.mae_r))),
        *(("risk, USD", number(order.risk_usd)), ("result, USD", gain(order.pnl_usd))),
        *(("result, %", gain(order.pnl_pct)), ("bad bars", number(order.bad_bars or None))),
        ("late bars", number(order.late_bars or None)),
    )
    return [(name, words) for name, words in named if words != NOTHING]
