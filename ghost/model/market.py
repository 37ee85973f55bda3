"""One symbol in the book: its orders and lines, and what its bars change of them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from ghost.model.bar import Bar
from ghost.model.changes import Change
from ghost.model.held import Held, HeldLine, HeldOrder, SymbolState
from ghost.model.levels import Levels
from ghost.model.lines import lapse, look
from ghost.model.order import expire, pay, step
from ghost.model.sights import Sight
from ghost.model.volume import Volume

_ENDED = ("closed", "expired", "cancelled")


class Market:
    """touched: told of everything that has to be stored anew; ended: of what has to be forgotten."""

    def __init__(self, state: SymbolState, touched: Callable[[Held], None], ended: Callable[[Held], None]):
        self.state = state
        self.held: dict[int, Held] = {}
        self._levels = Levels()
        self._touched = touched
        self._ended = ended

    def put(self, held: Held) -> None:
        """Hold one, or what has become of it."""
        self.held[held.number] = held
        self._levels.put(held.number, *held.waits_for())
        if held.restless:
            self._levels.restless.add(held.number)
        else:
            self._levels.restless.discard(held.number)

    def add(self, held: HeldOrder | HeldLine) -> None:
        """Hold a new one."""
        if isinstance(held, HeldOrder):
            held.bad_from, held.late_from = self.state.seen.bad, self.state.seen.late
        self.put(held)
        self._touched(held)

    def number(self) -> int:
        """Of the next one."""
        self.state.next_number += 1
        return self.state.next_number

    def bar(self, bar: Bar) -> list[Change]:
        """What a bar changes."""
        state = self.state
        changes = self._fund(bar) if state.funding else []
        sight = state.seen.look(bar)
        if sight is None:
            return changes
        seen = sight.bar
        reached = self._levels.reached(seen.high, seen.low, seen.end_us)
        touched = [self.held[number] for number in reached] if reached else []
        if touched:
            volume = Volume(Fraction(sight.volume))
            for held in touched:
                changes += self._step(held, sight, volume)
        self._went(bar, sight)
        for held in touched:
            self._settle(held, seen.end_us)
        return changes

    def _went(self, bar: Bar, sight: Sight) -> None:
        if sight.told is None:
            self.state.extremes.next_bar(bar.high, bar.low)
        else:
            self.state.extremes.coarse_bar(bar.begin_us, bar.high, bar.low)

    def _step(self, held: Held, sight: Sight, volume: Volume) -> list[Change]:
        if isinstance(held, HeldLine):
            change = look(held.line, sight)
            return self._line_ended(held, change)
        held.catch_up(self.state)
        return [*step(held.order, sight, volume)]

    def _line_ended(self, held: HeldLine, change: Change | None) -> list[Change]:
        if change is None:
            return []
        self.drop(held)
        return [change]

    def _settle(self, held: Held, now_us: int) -> None:
        """Behind a bar that concerned it."""
        if held.number not in self.held:
            return
        if isinstance(held, HeldOrder):
            if held.order.status in _ENDED:
                self.drop(held)
                return
            if held.order.filled_us == now_us and held.mark is None:
                held.mark = self.state.extremes.begin(now_us)
        self.put(held)
        self._touched(held)

    def drop(self, held: Held) -> None:
        """Hold it no more."""
        del self.held[held.number]
        self._levels.drop(held.number)
        self._levels.restless.discard(held.number)
        if isinstance(held, HeldOrder) and held.mark is not None:
            self.state.extremes.end(held.mark)
        self._ended(held)

    def _fund(self, bar: Bar) -> list[Change]:
        """What is due when a bar begins, at the last close before it."""
        state = self.state
        changes: list[Change] = []
        if bar.quality == "bad" or bar.begin_us < state.seen.until_us:
            return changes
        for due_us in sorted(due for due in state.funding if due <= bar.begin_us):
            rate, price = state.funding.pop(due_us), state.seen.close
            for held in [*self.held.values()] if price is not None else []:
                if isinstance(held, HeldOrder) and price is not None:
                    paid = pay(held.order, rate, price, due_us)
                    changes += paid
                    if paid:
                        self._touched(held)
        return changes

    def lapse(self, at_us: int) -> list[Change]:
        """What has waited beyond its time."""
        changes: list[Change] = []
        for held in [*self.held.values()]:
            if isinstance(held, HeldLine):
                changes += self._line_ended(held, lapse(held.line, at_us))
            else:
                changes += self._order_lapsed(held, at_us)
        return changes

    def _order_lapsed(self, held: HeldOrder, at_us: int) -> list[Change]:
        if held.order.status != "waiting" or at_us < held.order.plan.expires_us:
            return []
        held.catch_up(self.state)
        changes: list[Change] = [*expire(held.order, at_us)]
        self.drop(held)
        return changes
