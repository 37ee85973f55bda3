"""The book does what stepping every order with every bar does, whenever it is stored and loaded again."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ghost.model.bar import Bar
from ghost.model.book import Book
from ghost.model.changes import Change
from ghost.model.lines import Line, look
from ghost.model.order import begin, cancel, pay, step
from ghost.model.plan import Plan
from ghost.model.reckoning import result_of
from ghost.model.rules import Rules
from ghost.model.seen import Seen
from ghost.model.state import Order
from ghost.model.volume import PLENTY, Volume
from tests.unit.ghost.thought_up import MINUTE_US, PRICES, RULES, START_US, bar_of, lines, plans

pytestmark = pytest.mark.deep


@dataclass
class Plain:
    """One symbol without any index: every bar is shown to everything."""

    rules: Rules
    seen: Seen = field(default_factory=Seen)
    held: list[Order | Line] = field(default_factory=list)
    funding: dict[int, Decimal] = field(default_factory=dict)

    def bar(self, bar: Bar) -> list[Change]:
        if not self.held:
            return []
        changes = self._fund(bar)
        bad, late = self.seen.bad, self.seen.late
        sight = self.seen.look(bar)
        for order in self.orders():
            order.bad_bars += self.seen.bad - bad
            order.late_bars += self.seen.late - late
        if sight is not None:
            volume = Volume(Fraction(sight.volume)) if self.rules.limit_volume else PLENTY
            for one in self.held[:]:
                changes += self._show(one, sight, volume)
        self._forget()
        return changes

    def _show(self, one: Order | Line, sight: Any, volume: Volume) -> list[Change]:
        if isinstance(one, Order):
            return [*step(one, sight, volume)]
        change = look(one, sight)
        if change is None:
            return []
        self.held.remove(one)
        return [change]

    def _fund(self, bar: Bar) -> list[Change]:
        changes: list[Change] = []
        if bar.quality == "bad" or bar.begin_us < self.seen.until_us:
            return changes
        for due in sorted(due for due in self.funding if due <= bar.begin_us):
            rate = self.funding.pop(due)
            for order in self.orders() if self.seen.close is not None else []:
                changes += pay(order, rate, self.seen.close or Decimal(0), due)
        return changes

    def orders(self) -> list[Order]:
        return [one for one in self.held if isinstance(one, Order)]

    def _forget(self) -> None:
        """What has ended; and, with the last of it, all that was seen."""
        self.held = [one for one in self.held if not (isinstance(one, Order) and one.ended_us is not None)]
        if not self.held:
            self.seen, self.funding = Seen(), {}

    def cancel(self, order_id: str, at_us: int) -> list[Change]:
        found = [order for order in self.orders() if order.plan.order_id == order_id]
        changes: list[Change] = [*cancel(found[0], at_us)] if found else []
        self._forget()
        return changes

    def fund(self, rate: Decimal, due: int) -> None:
        if self.held and due >= self.seen.until_us:
            self.funding[due] = rate


@st.composite
def tapes(draw: Any) -> list[tuple[str, Any]]:
    """Bars of any length, some late, some bad; between them plans, lines, cancels, rates."""
    happens: list[tuple[str, Any]] = []
    now = START_US
    for number in range(draw(st.integers(5, 40))):
        what = draw(
            st.sampled_from(("bar",) * 8 + ("plan", "plan", "line", "cancel", "fund", "late", "coarse"))
        )
        if what == "plan":
            plan = draw(plans(order_id=f"order {number}", most_minutes=20))
            shift = now - START_US
            happens.append(
                (
                    "plan",
                    replace(plan, published_us=plan.published_us + shift, expires_us=plan.expires_us + shift),
                )
            )
        elif what == "line":
            happens.append(("line", draw(lines("SOL", f"line {number}"))))
        elif what == "cancel":
            happens.append(("cancel", (f"order {draw(st.integers(0, number))}", now)))
        elif what == "fund":
            rate = draw(st.sampled_from((Decimal("0.001"), Decimal("-0.002"))))
            happens.append(("fund", (rate, now + MINUTE_US * draw(st.integers(-1, 3)))))
        else:
            length = draw(st.integers(2, 7)) if what == "coarse" else 1
            begins = now - MINUTE_US * (
                draw(st.integers(1, 6)) if what == "late" else length - 1 if what == "coarse" else 0
            )
            quality = draw(st.sampled_from(("ok", "ok", "ok", "ok", "bad")))
            prices = draw(st.tuples(PRICES, PRICES, PRICES))
            happens.append(("bar", bar_of(begins, prices, length, quality=quality)))
            now = max(now, begins + length * MINUTE_US)
    return happens


def later(plan: Plan, us: int) -> Plan:
    return replace(plan, published_us=plan.published_us + us, expires_us=plan.expires_us + us)


def in_plain(plain: Plain, what: str, it: Any) -> list[Change]:
    if what == "bar":
        return plain.bar(it)
    if what == "cancel":
        return plain.cancel(*it)
    if what == "fund":
        plain.fund(*it)
    elif what == "plan":
        plain.held.append(begin(it, plain.rules))
    elif what == "line":
        plain.held.append(it)
    return []


def in_book(book: Book, what: str, it: Any) -> list[Change]:
    if what == "bar":
        return book.bar(it)
    if what == "cancel":
        return book.cancel(*it)
    if what == "fund":
        book.funding("SOL", *it)
    elif what == "plan":
        return book.add(it)
    elif what == "line":
        assert book.add_line(it)
    return []


@given(tapes(), RULES)
def test_the_book_equals_stepping_every_order_with_every_bar(
    tape: list[tuple[str, Any]], rules: Rules
) -> None:
    book, plain = Book(rules), Plain(rules)
    for what, it in tape:
        assert in_book(book, what, it) == in_plain(plain, what, it)
        for order in plain.orders():
            assert book.result(order.plan.order_id) == result_of(order)


class Stored:
    """What a process that dies leaves behind."""

    def __init__(self) -> None:
        self.orders: dict[str, bytes] = {}
        self.lines: dict[str, bytes] = {}
        self.symbols: dict[str, bytes] = {}

    def save(self, book: Book) -> None:
        unsaved = book.unsaved()
        for kept, new in (
            (self.orders, unsaved.orders),
            (self.lines, unsaved.lines),
            (self.symbols, unsaved.symbols),
        ):
            for one, data in new.items():
                kept.pop(one, None)
                if data is not None:
                    kept[one] = data

    def load(self, rules: Rules) -> Book:
        return Book.load(rules, self.orders.values(), self.lines.values(), self.symbols)


@given(tapes(), RULES, st.sets(st.integers(0, 40)))
def test_storing_and_loading_at_any_moment_changes_nothing(
    tape: list[tuple[str, Any]], rules: Rules, dies: set[int]
) -> None:
    book, other, stored, kept = Book(rules), Book(rules), Stored(), Stored()
    for place, (what, it) in enumerate(tape):
        assert in_book(book, what, it) == in_book(other, what, it)
        kept.save(book)
        if place in dies:
            stored.save(other)
            assert not any((other.unsaved().orders, other.unsaved().lines, other.unsaved().symbols))
            other = stored.load(rules)
            assert not any((other.unsaved().orders, other.unsaved().lines, other.unsaved().symbols))
    stored.save(other)
    assert (stored.orders, stored.lines, stored.symbols) == (kept.orders, kept.lines, kept.symbols)
