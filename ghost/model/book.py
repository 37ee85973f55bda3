"""All open orders and price lines, so kept that a bar touches only what it changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from ghost.model.bar import Bar
from ghost.model.changes import Change, OrderChange
from ghost.model.held import Held, HeldLine, HeldOrder, SymbolState, dump, load_line, load_order, load_state
from ghost.model.lines import Line
from ghost.model.market import Market
from ghost.model.order import begin, cancel, step
from ghost.model.plan import Plan
from ghost.model.reckoning import result_of
from ghost.model.result import Result
from ghost.model.rules import Rules
from ghost.model.seen import Seen
from ghost.model.state import Order
from ghost.model.volume import PLENTY, Volume


class Unsaved(Struct, frozen=True):
    """What has to be stored since the last time, by id or symbol; None: it has ended, and can be forgotten."""

    orders: Mapping[str, bytes | None]
    lines: Mapping[str, bytes | None]
    symbols: Mapping[str, bytes | None]


class Book:
    """The open orders and lines of all symbols. rules: those of orders that are added from now on."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._markets: dict[str, Market] = {}
        self._orders: dict[str, HeldOrder] = {}
        self._lines: dict[str, HeldLine] = {}
        self._orders_unsaved: set[str] = set()
        self._lines_unsaved: set[str] = set()
        self._symbols_unsaved: set[str] = set()

    def add(self, plan: Plan, past: Iterable[Bar] = ()) -> list[Change]:
        """Follow a plan. past: the bars of its symbol that came before it in the tape and begin at or after its
        publication, in the order of the tape; what they do to it is returned. An id that is there already: nothing."""
        if plan.order_id in self._orders:
            return []
        order, seen = begin(plan, self.rules), Seen()
        changes: list[Change] = [*_lived_through(order, seen, past)]
        if order.ended_us is not None:
            self._orders_unsaved.add(plan.order_id)
            return changes
        market = self._market(plan.symbol, seen)
        market.add(HeldOrder(market.number(), order))
        return changes

    def cancel(self, order_id: str, at_us: int) -> list[Change]:
        """Take back an order that waits; close an open one at the open of the next bar. Unknown: nothing."""
        held = self._orders.get(order_id)
        if held is None:
            return []
        market = self._markets[held.symbol]
        held.catch_up(market.state)
        changes: list[Change] = [*cancel(held.order, at_us)]
        if held.order.ended_us is not None:
            market.drop(held)
        else:
            market.put(held)
            self._touched(held)
        self._leave_if_empty(held.symbol)
        return changes

    def add_line(self, line: Line) -> bool:
        """Watch a price. False if the id is there already."""
        if line.line_id in self._lines:
            return False
        market = self._market(line.symbol, Seen())
        market.add(HeldLine(market.number(), line))
        return True

    def cancel_line(self, line_id: str) -> bool:
        """No longer watch it. False if it is not there."""
        held = self._lines.get(line_id)
        if held is None:
            return False
        self._markets[held.symbol].drop(held)
        self._leave_if_empty(held.symbol)
        return True

    def bar(self, bar: Bar) -> list[Change]:
        """What the bar changes, in the order in which orders and lines were added."""
        symbol = bar.symbol
        market = self._markets.get(symbol)
        if market is None:
            return []
        self._symbols_unsaved.add(symbol)
        changes = market.bar(bar)
        if changes:
            self._leave_if_empty(symbol)
        return changes

    def funding(self, symbol: str, rate: Decimal | None, due_us: int) -> None:
        """Positions that are open at `due_us` pay this rate, once a bar begins at or after it; the last word counts."""
        market = self._markets.get(symbol)
        if market is None or due_us < market.state.seen.until_us:
            return
        self._symbols_unsaved.add(symbol)
        market.state.funding.pop(due_us, None)
        if rate is not None and rate.is_finite():
            market.state.funding[due_us] = rate

    def clock(self, at_us: int) -> list[Change]:
        """Expire what has waited beyond its time, of symbols that have no bars any more."""
        changes: list[Change] = []
        for symbol in sorted(self._markets):
            changes += self._markets[symbol].lapse(at_us)
            self._leave_if_empty(symbol)
        return changes

    def result(self, order_id: str) -> Result | None:
        """Where an order stands that has not ended yet."""
        held = self._orders.get(order_id)
        if held is None:
            return None
        held.catch_up(self._markets[held.symbol].state)
        return result_of(held.order)

    def unsaved(self) -> Unsaved:
        """What changed since this was asked last."""
        orders = {one: _dumped(self._orders.get(one)) for one in sorted(self._orders_unsaved)}
        lines = {one: _dumped(self._lines.get(one)) for one in sorted(self._lines_unsaved)}
        symbols = {
            one: dump(self._markets[one].state) if one in self._markets else None
            for one in sorted(self._symbols_unsaved)
        }
        self._orders_unsaved, self._lines_unsaved, self._symbols_unsaved = set(), set(), set()
        return Unsaved(orders, lines, symbols)

    @classmethod
    def load(
        cls, rules: Rules, orders: Iterable[bytes], lines: Iterable[bytes], symbols: Mapping[str, bytes]
    ) -> Book:
        """The book that was stored, from all that `unsaved` ever gave and that has not ended."""
        book = cls(rules)
        for symbol, state in symbols.items():
            book._markets[symbol] = book._new_market(load_state(state))
        held: list[Held] = [*map(load_order, orders), *map(load_line, lines)]
        for one in sorted(held, key=lambda one: one.number):
            book._known(one)
            book._markets[one.symbol].put(one)
        return book

    def _market(self, symbol: str, seen: Seen) -> Market:
        if symbol not in self._markets:
            self._markets[symbol] = self._new_market(SymbolState(seen=seen))
        self._symbols_unsaved.add(symbol)
        return self._markets[symbol]

    def _new_market(self, state: SymbolState) -> Market:
        return Market(state, self._touched, self._ended)

    def _leave_if_empty(self, symbol: str) -> None:
        self._symbols_unsaved.add(symbol)
        if not self._markets[symbol].held:
            del self._markets[symbol]

    def _known(self, held: Held) -> None:
        if isinstance(held, HeldOrder):
            self._orders[held.id] = held
        else:
            self._lines[held.id] = held

    def _touched(self, held: Held) -> None:
        self._known(held)
        (self._orders_unsaved if isinstance(held, HeldOrder) else self._lines_unsaved).add(held.id)

    def _ended(self, held: Held) -> None:
        self._touched(held)
        (self._orders if isinstance(held, HeldOrder) else self._lines).pop(held.id)


def _lived_through(order: Order, seen: Seen, past: Iterable[Bar]) -> list[OrderChange]:
    """What bars that came before did to an order; passed over, they are counted."""
    changes: list[OrderChange] = []
    for bar in past:
        sight = seen.look(bar)
        if sight is not None:
            left = Volume(Fraction(sight.volume)) if order.rules.limit_volume else PLENTY
            changes += step(order, sight, left)
        if order.ended_us is not None:
            break
    order.bad_bars, order.late_bars = seen.bad, seen.late
    return changes


def _dumped(held: Held | None) -> bytes | None:
    return None if held is None else dump(held)
