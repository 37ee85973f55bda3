"""/signals: the newest signals with what became of them, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from desk.alerts.coins import coin_of
from desk.answers.answering import as_of, button, wrong
from desk.answers.choosing import symbols_of, unknown
from desk.answers.page import Page, name
from desk.answers.plan import Plan, life, plan_of
from desk.answers.reading import reading
from desk.answers.symbols import in_button
from desk.asking import Answer, Asking
from outbox.keyboard import Keyboard
from outbox.text import Text
from outbox.wording import moment, number, r_multiple
from signaltape.clock import WIB

COMMAND = "signals"
PAGE = 8
#: In the place of a symbol: all of them.
ALL = "-"
_EXAMPLE = "/signals SOL"
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Place(NamedTuple):
    """A place in the order of signals, newest first: behind this one."""

    ts: datetime
    signal_id: str


def signals(asking: Asking) -> Answer:
    """A page of signals, of one symbol if it is named."""
    word, *rest = asking.args or [ALL]
    place = place_of(rest[0]) if rest else None
    with reading(asking.settings) as read:
        symbols = None if word == ALL else symbols_of(read, word)
        if symbols == []:
            return unknown(COMMAND, word, read)
        rows = read.rows(
            "page",
            symbols=symbols,
            ts=place and place.ts,
            signal_id=place and place.signal_id,
            most=PAGE + 1,
        )
    plans = [plan_of(row) for row in rows]
    shown = coin_of(symbols[0]) if symbols else ""
    return Answer(
        told(plans[:PAGE], asking.now, shown, first=place is None),
        _turning(plans, in_button(symbols[0]) if symbols and len(symbols) == 1 else _word(word), place),
    )


def _word(word: str) -> str:
    return word if word == ALL else in_button(word)


def _turning(plans: Sequence[Plan], word: str, place: Place | None) -> Keyboard:
    """First page, refresh, older ones."""
    here = [str_of(place)] if place else []
    buttons = [button("Newest", COMMAND, word)] if place else []
    buttons.append(button("Refresh", COMMAND, word, *here))
    if len(plans) > PAGE:
        last = plans[PAGE - 1]
        buttons.append(button("Older", COMMAND, word, str_of(Place(last.ts_published, last.signal_id))))
    return [buttons]


def told(plans: Sequence[Plan], now: datetime, coin: str = "", *, first: bool = True) -> Text:
    """The answer."""
    of = f" {name(coin, 12)}" if coin else ""
    if not plans:
        said = "No signal is stored: see /status." if first else "There are no older ones."
        return Page(f"Signals{of} · none").line(said).line(as_of(now)).build()
    won = sum((one.rr_realized or 0) > 0 for one in plans)
    closed = sum(one.ts_closed is not None for one in plans)
    page = Page(f"Signals{of} · {f'{won} of {closed} won' if closed else 'none closed'}")
    page.line(f"{len(plans)} {'newest' if first else 'older'}, {closed} closed")
    page.table([_row(one, now) for one in plans], right=(4,)).line(as_of(now))
    return page.quote("Each of them", [line for one in plans for line in _sentences(one, now)]).build()


def _row(plan: Plan, now: datetime) -> tuple[str, str, str, str, str]:
    """When, which coin, which side, the score, what became of it."""
    return (
        when(plan.ts_published, now),
        name(coin_of(plan.symbol), 6),
        plan.side[0].upper(),
        f"{plan.score:.2f}" if plan.score == round(plan.score, 2) else number(plan.score)[:4],
        outcome(plan, now),
    )


def when(at: datetime, now: datetime) -> str:
    """`14:02` today, `18 Jan` else."""
    local = at.astimezone(WIB)
    today = local.date() == now.astimezone(WIB).date()
    return f"{local:%H:%M}" if today else f"{local.day} {local:%b}"


def outcome(plan: Plan, now: datetime) -> str:
    """What became of it, in at most six signs."""
    if plan.ts_closed is not None:
        return r_multiple(plan.rr_realized).split("\u00a0")[0][:7]
    if plan.ts_invalidated is not None:
        return {"sl": "sl", "expiry": "expiry"}.get(plan.reason or "", "ended")
    if plan.ts_triggered is not None:
        return "trade"
    return "open" if plan.is_valid(now) else "late"


def _sentences(plan: Plan, now: datetime) -> list[str]:
    return [
        f"{name(plan.symbol, 20)} {plan.side}, {moment(plan.ts_published, now)}",
        f"   {life(plan, now)}",
        f"   {name(plan.setup, 28)}" if plan.setup else "",
        f"   ref: {name(plan.ref_id, 24)}" if plan.ref_id else "",
    ]


def str_of(place: Place) -> str:
    """A place as a word of a button: microseconds and the id, together at most 36 signs."""
    micros = max(0, (place.ts - _FIRST) // timedelta(microseconds=1))
    return f"{_base36(micros)}.{_base36(UUID(place.signal_id).int)}"


def place_of(word: str) -> Place:
    """The place that a button names. Raises InvalidRequest for a word of anybody else."""
    try:
        ts, _, signal_id = word.partition(".")
        return Place(_FIRST + timedelta(microseconds=int(ts, 36)), str(UUID(int=int(signal_id, 36))))
    except (ValueError, OverflowError):
        raise wrong("only a symbol is taken", _EXAMPLE) from None


def _base36(value: int) -> str:
    digits = ""
    while value or not digits:
        value, digit = divmod(value, 36)
        digits = _DIGITS[digit] + digits
    return digits
