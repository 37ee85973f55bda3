"""The plan of an alert: whether it has one that a ghost can follow, and the lines that tell of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal, NamedTuple

from desk.alerts.model import Alert

Direction = Literal["above", "below"]
_MARKET, _STOP = "market", "stop"
_OTHER: dict[Direction, Direction] = {"above": "below", "below": "above"}


class PlanLine(NamedTuple):
    """A price of a plan, and from which side it is reached."""

    label: str
    price: Decimal
    direction: Direction


def has_plan(alert: Alert) -> bool:
    """Whether it says what to do: a side, where to enter, where to get out. Not of data that are bad."""
    if alert.category == "health" or alert.is_bad:
        return False
    return None not in (alert.symbol, alert.side, alert.sl) and _can_be_entered(alert)


def lines_of(alert: Alert) -> list[PlanLine]:
    """Its lines, in the order of the plan."""
    return list(_lines(alert))


def edge(alert: Alert) -> Decimal | None:
    """Where it is entered first: its entry, else the nearer edge of its band; None: at the market."""
    edges = [price for price in (alert.entry_low, alert.entry_high) if price is not None]
    if alert.entry is not None or not edges:
        return alert.entry
    comes_down = (alert.side == "long") != (alert.entry_type == _STOP)
    return max(edges) if comes_down else min(edges)


def _can_be_entered(alert: Alert) -> bool:
    return alert.entry_type == _MARKET or edge(alert) is not None


def _lines(alert: Alert) -> Iterator[PlanLine]:
    """A limit and a stop-loss of a long are reached from above, targets from below; of a short the other way round."""
    down: Direction = "below" if alert.side == "long" else "above"
    entry = None if alert.entry_type == _MARKET else edge(alert)
    toward = _OTHER[down] if alert.entry_type == _STOP else down
    if entry is not None:
        yield PlanLine("Entry", entry, toward)
    for label, price, direction in (
        ("SL", alert.sl, down),
        ("TP1", alert.tp1, _OTHER[down]),
        ("TP2", alert.tp2, _OTHER[down]),
    ):
        if price is not None:
            yield PlanLine(label, price, direction)
