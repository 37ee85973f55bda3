"""All ghosts of a tape: what each of its entries does to them, in order. No server is known here."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ghost.done import Done
from ghost.held import Held, HeldLine
from ghost.incoming import Ahead, Commanded, Funded, Item, Published
from ghost.model.bar import Bar
from ghost.model.book import Book
from ghost.model.changes import Cancelled, Change, Exited, Filled, LineExpired, OrderChange, Rung
from ghost.model.lines import lived_through
from ghost.model.plan import Plan, Refused
from ghost.past import Bars
from ghost.placing import Wanted, wanted_by_command, wanted_by_itself, wanted_line
from ghost.recent import Recent
from ghost.settings import GhostSettings
from ghost.told import orders
from ghost.told.lines import line_cancelled, line_ended, line_refused, line_set
from ghost.told.outcomes import outcome

#: The clock goes on in steps, and lets a symbol's own bars be so late.
STEP_US = 600_000_000
GRACE_US = 3_600_000_000
#: Orders and lines that there were: `order` or `line`, and the id.
Known = set[tuple[str, str]]
#: Bars of a symbol that begin at or after a time and stand on the tape before a place.
Past = Callable[[str, int, tuple[str, str]], Bars]


class Ghosts:
    """Orders and lines that have not ended, and all that has to be known to follow them.

    numbers: the highest of an order and of a line; clock_us: where the clock stands; paused: whether no plan gets an
    order by itself now.
    """

    def __init__(
        self,
        settings: GhostSettings,
        book: Book,
        recent: Recent,
        *,
        held: dict[str, Held],
        lines: dict[str, HeldLine],
        numbers: tuple[int, int] = (0, 0),
        clock_us: int = 0,
        paused: Callable[[], bool] = lambda: False,
    ) -> None:
        self._settings, self._book, self.recent = settings, book, recent
        self._held, self._lines = held, lines
        self._orders_so_far, self._lines_so_far = numbers
        self._clock_us = clock_us
        self._paused = paused

    @property
    def open_orders(self) -> int:
        """How many have not ended."""
        return len(self._held)

    @property
    def open_lines(self) -> int:
        """How many may still ring."""
        return len(self._lines)

    def take(self, items: Iterable[Item], known: Known, past: Past) -> Done:
        """What these items come to. known: ids of orders and lines that there were before, of those that are named.

        past: asked for what a plan should have seen already.
        """
        done = Done()
        for item in items:
            if type(item) is Bar:
                self._bar(item, done)
            else:
                self._other(item, known, past, done)
        done.keep(self._book.unsaved())
        return done

    def _bar(self, bar: Bar, done: Done) -> None:
        self._ahead(bar, done)
        if bar.end_us >= self._clock_us + STEP_US and bar.quality != "bad":
            self._clock(bar.end_us // STEP_US * STEP_US, done)

    def _ahead(self, bar: Bar, done: Done) -> None:
        """All that a bar is to its own symbol."""
        changes = self._book.bar(bar)
        if changes:
            self._changed(changes, done)
        self.recent.add(bar)
        done.seen.add(bar.symbol)

    def _clock(self, now_us: int, done: Done) -> None:
        self._clock_us = done.clock_us = now_us
        self._changed(self._book.clock(now_us - GRACE_US), done)

    def _other(self, item: Item, known: Known, past: Past, done: Done) -> None:
        match item:
            case Ahead():
                self._ahead(item.bar, done)
            case Funded():
                self._book.funding(item.symbol, item.rate, item.due_us)
                done.seen.add(item.symbol)
            case Published():
                self._place(
                    wanted_by_itself(self._settings, item, paused=self._paused()),
                    item.place,
                    known,
                    past,
                    done,
                )
            case Commanded():
                self._obey(item, known, past, done)

    def _obey(self, item: Commanded, known: Known, past: Past, done: Done) -> None:
        given = item.command
        if given.command == "place":
            self._place(wanted_by_command(self._settings, item), item.place, known, past, done)
        elif given.command == "cancel" and given.order_id in self._held:
            self._changed(self._book.cancel(given.order_id, item.at_us), done)
        elif given.command == "set_line":
            self._set_line(wanted_line(item), item.place, known, past, done)
        elif given.command == "cancel_line" and given.line_id in self._lines:
            self._cancel_line(given.line_id, item.at_us, done)

    def _place(
        self, wanted: Wanted | None, place: tuple[str, str], known: Known, past: Past, done: Done
    ) -> None:
        if wanted is None or ("order", wanted.asked.order_id) in known:
            return
        known.add(("order", wanted.asked.order_id))
        self._orders_so_far += 1
        if isinstance(wanted.plan, Refused):
            reason = wanted.plan.reason
            done.order_is_refused(wanted, self._orders_so_far, reason)
            done.said.append(orders.refused(wanted.asked, wanted.whose, wanted.at_us, reason))
        else:
            self._follow(wanted, wanted.plan, past(*_since(wanted.plan), place), done)

    def _follow(self, wanted: Wanted, plan: Plan, past: Bars, done: Done) -> None:
        held = Held(plan=plan, source=wanted.source, tracked=wanted.tracked, whose=wanted.whose)
        self._held[plan.order_id] = held
        changes = self._book.add(plan, past)
        done.order_is_new(wanted, self._orders_so_far, late=not past.whole)
        done.said.append(orders.placed(held, wanted.at_us))
        done.seen.add(plan.symbol)
        self._changed(changes, done)

    def _set_line(
        self, held: HeldLine | None, place: tuple[str, str], known: Known, past: Past, done: Done
    ) -> None:
        if held is None or ("line", held.line.line_id) in known:
            return
        line_id = held.line.line_id
        known.add(("line", line_id))
        self._lines_so_far += 1
        if held.refused is not None:
            done.line_is_new(held, self._lines_so_far)
            done.line_is(line_id, "refused", held.line.set_us, reason=held.refused)
            done.said.append(line_refused(held, held.refused))
            return
        self._lines[line_id] = held
        done.line_is_new(held, self._lines_so_far)
        done.said.append(line_set(held))
        done.seen.add(held.line.symbol)
        change = lived_through(held.line, past(held.line.symbol, held.line.set_us, place))
        if change is None:
            self._book.add_line(held.line)
        else:
            self._line_ended(change, done)

    def _cancel_line(self, line_id: str, at_us: int, done: Done) -> None:
        self._book.cancel_line(line_id)
        done.line_is(line_id, "cancelled", at_us)
        done.said.append(line_cancelled(self._lines.pop(line_id), at_us))

    def _changed(self, changes: Iterable[Change], done: Done) -> None:
        """Note changes, and what has to be stored of who changed: now, as it does not hang on what is read together."""
        touched: dict[str, OrderChange] = {}
        for change in changes:
            if isinstance(change, Rung | LineExpired):
                self._line_ended(change, done)
            else:
                self._order_changed(change, done)
                touched[change.order_id] = change
        for order_id, change in touched.items():
            self._note(order_id, change, done)
        done.keep(self._book.unsaved())

    def _order_changed(self, change: OrderChange, done: Done) -> None:
        held = self._held[change.order_id]
        told = outcome(held, change) if held.tracked else None
        if isinstance(change, Filled) and held.fill is None:
            held.fill = change.price
        if isinstance(change, Filled | Exited):
            done.fill(change)
        done.said += orders.changed(held, change)
        if told is not None:
            done.said.append(told)

    def _note(self, order_id: str, last: OrderChange, done: Done) -> None:
        """Where an order stands behind its last change; one that has ended is forgotten."""
        ended = getattr(last, "result", None)
        reason = last.reason if isinstance(last, Cancelled) else None
        result = ended if ended is not None else self._book.result(order_id)
        if result is not None:
            done.order_is(order_id, result, last.at_us, reason)
        if ended is not None:
            del self._held[order_id]

    def _line_ended(self, change: Rung | LineExpired, done: Done) -> None:
        if isinstance(change, Rung):
            done.line_is(change.line_id, "rung", change.at_us, change.seen)
        else:
            done.line_is(change.line_id, "expired", change.at_us)
        done.said.append(line_ended(self._lines.pop(change.line_id), change))


def _since(plan: Plan) -> tuple[str, int]:
    return plan.symbol, plan.published_us
