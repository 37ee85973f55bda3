"""A long by hand: entry 100, stop 95, target 110; 1 R is 5."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ghost.model.bar import Bar
from ghost.model.book import Book
from ghost.model.changes import Cancelled, Change, Closed, Exited, Expired, Filled
from ghost.model.plan import Plan, plan_of
from ghost.model.result import Result
from ghost.model.rules import Rules
from tests.unit.ghost.thought_up import MINUTE_US, START_US

D = Decimal
FILLED = "101 104 99 104"
GIVEN = {"entry": D(100), "sl": D(95), "tp1": D(110)}


def bar(place: int, text: str, **changes: Any) -> Bar:
    """The bar of this minute, as the page writes it: open, high, low, close."""
    begin = START_US + place * MINUTE_US
    o, high, low, close = map(Decimal, text.split())
    return Bar("SOL", begin, begin + MINUTE_US, o, high, low, close)._replace(**changes)


def plan(**changes: Any) -> Plan:
    fields: dict[str, Any] = {"order_id": "order", "symbol": "SOL", "side": "long", **GIVEN}
    made = plan_of(**{**fields, "published_us": START_US, "expires_us": START_US + 9 * MINUTE_US, **changes})
    assert isinstance(made, Plan), made
    return made


def after(*texts: str, rules: Rules | None = None, **changes: Any) -> list[Change]:
    """What these minutes make of a plan."""
    book = Book(rules or Rules())
    found = book.add(plan(**changes))
    for place, text in enumerate(texts):
        found += book.bar(bar(place, text))
    return found


def said(changes: list[Change]) -> list[str]:
    """In short: `fill 100`, `sl 95 worse`."""
    found = []
    for one in changes:
        if isinstance(one, Filled):
            found.append(f"fill {one.price}")
        elif isinstance(one, Exited):
            found.append(f"{one.kind} {one.price}" + ("" if one.world == "both" else f" {one.world}"))
    return found


def result(changes: list[Change]) -> Result:
    """Of an order that has ended."""
    last = changes[-1]
    assert isinstance(last, Closed | Expired | Cancelled)
    return last.result
