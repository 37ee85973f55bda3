"""All open orders and price lines, so kept that a bar touches only what it changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec import Struct

from ghost.model.bar import Bar
from ghost.model.changes import Change
from ghost.model.lines import Line
from ghost.model.plan import Plan
from ghost.model.result import Result
from ghost.model.rules import Rules


class Unsaved(Struct, frozen=True):
    """What has to be stored since the last time, by id or symbol; None: it has ended, and can be forgotten."""

    orders: Mapping[str, bytes | None]
    lines: Mapping[str, bytes | None]
    symbols: Mapping[str, bytes]


class Book:
    """The open orders and lines of all symbols, under one set of rules."""

    def __init__(self, rules: Rules) -> None:
        raise NotImplementedError

    def add(self, plan: Plan, past: Iterable[Bar] = ()) -> list[Change]:
        """Follow a plan. past: the bars of its symbol that came before it in the tape and begin at or after its
        publication, in the order of the tape; what they do to it is returned. An id that is there already: nothing."""
        raise NotImplementedError

    def cancel(self, order_id: str, at_us: int) -> list[Change]:
        """Take back an order that waits; close an open one at the open of the next bar. Unknown: nothing."""
        raise NotImplementedError

    def add_line(self, line: Line) -> bool:
        """Watch a price. False if the id is there already."""
        raise NotImplementedError

    def cancel_line(self, line_id: str) -> bool:
        """No longer watch it. False if it is not there."""
        raise NotImplementedError

    def bar(self, bar: Bar) -> list[Change]:
        """What the bar changes, order by order in the order in which they were added, then the lines."""
        raise NotImplementedError

    def funding(self, symbol: str, rate: Decimal | None, due_us: int) -> None:
        """Positions that are open at `due_us` pay this rate, once a bar begins at or after it; the last word counts."""
        raise NotImplementedError

    def clock(self, at_us: int) -> list[Change]:
        """Expire what has waited beyond its time, of symbols that have no bars any more."""
        raise NotImplementedError

    def result(self, order_id: str) -> Result | None:
        """Where an order stands that has not ended yet."""
        raise NotImplementedError

    def unsaved(self) -> Unsaved:
        """What changed since this was asked last."""
        raise NotImplementedError

    @classmethod
    def load(
        cls, rules: Rules, orders: Iterable[bytes], lines: Iterable[bytes], symbols: Mapping[str, bytes]
    ) -> Book:
        """The book that was stored, from all that `unsaved` ever gave and that has not ended."""
        raise NotImplementedError
