"""What a book holds of each order and line, and how it is stored."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from msgspec import Struct, field

from ghost.model.extremes import Extremes
from ghost.model.lines import Line
from ghost.model.order import restless, saw, triggers
from ghost.model.seen import Seen
from ghost.model.state import Order

_to_bytes = msgspec.msgpack.Encoder().encode


class SymbolState(Struct, omit_defaults=True):
    """What is known of a symbol besides its orders. funding: rates by the moment at which they are due."""

    next_number: int = 0
    seen: Seen = field(default_factory=Seen)
    extremes: Extremes = field(default_factory=Extremes)
    funding: dict[int, Decimal] = field(default_factory=dict)


class HeldOrder(Struct, omit_defaults=True):
    """An order that has not ended, by its number within the symbol: bars come to the one that was added first, first.

    mark: where its position began in the symbol's extremes; None if it was open before it came here: then it is shown
    every bar. bad_from, late_from: what was passed over before it was here, or was counted already.
    """

    number: int
    order: Order
    mark: int | None = None
    bad_from: int = 0
    late_from: int = 0

    @property
    def id(self) -> str:
        """The order's."""
        return self.order.plan.order_id

    @property
    def symbol(self) -> str:
        """The plan's."""
        return self.order.plan.symbol

    def waits_for(self) -> tuple[Decimal | None, Decimal | None, int | None]:
        """A low, a high, a moment."""
        due_us = self.order.plan.expires_us if self.order.status == "waiting" else None
        return (*triggers(self.order), due_us)

    @property
    def restless(self) -> bool:
        """Whether every bar concerns it."""
        return restless(self.order) or (self.order.status == "open" and self.mark is None)

    def catch_up(self, state: SymbolState) -> None:
        """Take in what went by without concerning it."""
        seen, order = state.seen, self.order
        order.bad_bars += seen.bad - self.bad_from
        order.late_bars += seen.late - self.late_from
        self.bad_from, self.late_from = seen.bad, seen.late
        went = None if self.mark is None else state.extremes.since(self.mark)
        if went is not None:
            saw(order, *went)


class HeldLine(Struct, omit_defaults=True):
    """A line that has not ended."""

    number: int
    line: Line

    @property
    def id(self) -> str:
        """The line's."""
        return self.line.line_id

    @property
    def symbol(self) -> str:
        """The line's."""
        return self.line.symbol

    @property
    def restless(self) -> bool:
        """No line is."""
        return False

    def waits_for(self) -> tuple[Decimal | None, Decimal | None, int | None]:
        """A low, a high, a moment."""
        line = self.line
        above = line.direction == "above"
        return None if above else line.price, line.price if above else None, line.expires_us


Held = HeldOrder | HeldLine


def dump(one: HeldOrder | HeldLine | SymbolState) -> bytes:
    """As it is stored."""
    return _to_bytes(one)


load_order = msgspec.msgpack.Decoder(HeldOrder).decode
load_line = msgspec.msgpack.Decoder(HeldLine).decode
load_state = msgspec.msgpack.Decoder(SymbolState).decode
