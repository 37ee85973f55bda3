"""`/lines`: prices that ring in this chat, once each: shown, set, taken off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

from desk.alerts.coins import coin_of
from desk.alerts.plans import Direction, PlanLine
from desk.alerts.wording import number
from desk.answers.answering import as_of
from desk.answers.choosing import MOST_MARKETS, symbols_of
from desk.answers.page import Page, name
from desk.answers.reading import reading
from desk.answers.symbols import meant
from desk.asking import Answer, Asking, Command, Deed
from desk.ghosts import asked, commanding
from desk.ghosts.asked import Asked
from desk.ghosts.commanding import Asker
from desk.ghosts.words import NOT_ON_TAPE, OFF, SIGNS
from outbox.outbox import Outbox
from outbox.text import Text
from outbox.wording import grouped, moment
from signaltape.errors import InvalidRequest, NotAllowedNow

_USAGE = "/lines takes a symbol, above or below, and a price (/lines SOL above 150), or off and a number"
#: A chat that rings all the time is not heard. Lines of plans come besides: all are known, to be taken off.
MOST_LINES, _KNOWN, _SHOWN = 50, 5_000, 8
#: Of more than these there is room for a line each only.
_TOLD_WHOLE = 12
_PRICE = re.compile(r"[0-9]{1,14}(\.[0-9]{1,18})?|[0-9]{1,3}(,[0-9]{3}){1,3}(\.[0-9]{1,18})?")
_NUMBER = re.compile(r"#?([0-9]{1,15})")
_DIRECTIONS: dict[str, Direction] = {"above": "above", "below": "below", ">": "above", "<": "below"}


def lines(asking: Asking) -> Answer:
    """Show them, set one, or take one off."""
    chat_ids = Outbox(asking.connection).ids_of(asking.chat_id)
    there = asked.lines_in(asking.connection, chat_ids, asking.now, _KNOWN)
    match [arg.lower() for arg in asking.args]:
        case []:
            return Answer(told(there, asking.now))
        case ["off", which]:
            return _off(asking, there, which, chat_ids)
        case [_, direction, price] if direction in _DIRECTIONS:
            return _set(asking, there, _DIRECTIONS[direction], read_price(price), chat_ids[0])
        case _:
            raise InvalidRequest(_USAGE)


def read_price(word: str) -> Decimal:
    """`150`, `0.00012` or `64,500.5`. Raises InvalidRequest."""
    price = Decimal(word.replace(",", "")) if _PRICE.fullmatch(word) else Decimal(0)
    if price <= 0:
        raise InvalidRequest(f"a price is a number above 0, got {name(word, 24)}: {_USAGE}")
    return price


def _set(
    asking: Asking, there: Sequence[Asked], direction: Direction, price: Decimal, first_chat_id: str
) -> Answer:
    _check(asking)
    if len(there) >= MOST_LINES:
        raise NotAllowedNow(f"{MOST_LINES} lines ring in this chat already: /lines off N takes one off")
    symbol = _symbol(asking)
    wanted_line = (symbol, direction, price, None)
    same = [one for one in there if (one.symbol, one.direction, one.price, one.expires_at) == wanted_line]
    if same:
        return Answer(Text(f"That line is set here: {said(same[0])} (/lines off {same[0].number})"))
    wanted = commanding.free_line(symbol, PlanLine("", price, direction), _asker(asking, first_chat_id))
    line = f"{name(symbol, 20)} {SIGNS[direction]} {number(price)}"
    return Answer(Text(f"Line set: {line}. It rings once here"), deed=Deed(line, after=line), wanted=[wanted])


def _off(asking: Asking, there: Sequence[Asked], which: str, chat_ids: Sequence[str]) -> Answer:
    found = _NUMBER.fullmatch(which)
    line = next((one for one in there if found and one.number == int(found[1])), None)
    if line is None:
        raise InvalidRequest(f"no line {name(which, 12)} rings here: /lines shows those that do")
    _check(asking, off=True)
    if line.ref_id is not None:
        asked.hold(asking.connection, line.ref_id, chat_ids)
    asked.cancel(asking.connection, [line.id], asking.now)
    wanted = commanding.cancelled([line], _asker(asking, chat_ids[0]))
    text = f"Line taken off: {said(line)}"
    return Answer(Text(text), deed=Deed(text, before=said(line)), wanted=wanted)


def _check(asking: Asking, *, off: bool = False) -> None:
    if not asking.settings.feature_event_logging:
        raise NotAllowedNow(NOT_ON_TAPE)
    if not off and not asking.desk.ghosts:
        raise NotAllowedNow(OFF)


def _symbol(asking: Asking) -> str:
    """The symbol that a word means: one with bars, if it does not name another itself. Raises InvalidRequest."""
    word = asking.args[0]
    with reading(asking.settings) as read:
        found = symbols_of(read, word)
        known = read.rows("ghost_symbols", most=MOST_MARKETS)
    ring = [row["symbol"] for row in known if row["has_bars"]]
    found = found or meant(word, [row["symbol"] for row in known])
    if word not in found and not set(found) & set(ring):
        found = meant(word, ring) or found
    found = sorted(found, key=lambda one: one not in ring)
    if not found:
        raise InvalidRequest(
            f"no signal and no bar of {name(word, 20)} was seen, so no line of it could ring"
        )
    return found[0]


def _asker(asking: Asking, first_chat_id: str) -> Asker:
    return Asker(
        user_id=asking.user.id,
        by=asking.user.name or str(asking.user.id),
        chat_id=asking.chat_id,
        first_chat_id=first_chat_id,
        thread_id=asking.thread_id,
        update_id=asking.update_id,
        at=asking.now,
    )


def said(line: Asked) -> str:
    """`SOL ≥ 150`."""
    return f"{name(coin_of(line.symbol), 10)} {_sign(line)} {_price(line)}"


def told(there: Sequence[Asked], now: datetime) -> Text:
    """The lines of a chat."""
    if not there:
        return Page("Lines · none set here").line("/lines SOL above 150 sets one.").line(as_of(now)).build()
    page = Page(f"Lines · {grouped(len(there))} set here")
    page.table([_row(one) for one in there[:_SHOWN]], right=(0,))
    more = len(there) - _SHOWN
    page.line(f"and {more} more" if more > 0 else "").line("/lines off N takes one off").line(as_of(now))
    if len(there) > _TOLD_WHOLE:
        return page.quote("Each of them", [_short(one) for one in there]).build()
    return page.quote("Each of them", [line for one in there for line in _sentences(one, now)]).build()


def _short(one: Asked) -> str:
    label = f" {name(one.label, 5)}" if one.label else ""
    return name(f"#{one.number} {coin_of(one.symbol)} {_sign(one)} {_price(one)}{label}, {one.by_user}")


def _row(one: Asked) -> tuple[str, str, str, str]:
    return (
        f"#{one.number}",
        name(coin_of(one.symbol), 6),
        f"{_sign(one)} {_price(one)}",
        name(one.label or "", 5),
    )


def _sentences(one: Asked, now: datetime) -> list[str]:
    until = f", until {moment(one.expires_at, now)}" if one.expires_at else ""
    return [
        f"#{one.number} {name(one.symbol, 18)}{f' {name(one.label, 6)}' if one.label else ''}",
        f"   {_sign(one)} {_price(one)}, by {name(one.by_user, 12)}",
        f"   since {moment(one.asked_at, now)}{until}",
        f"   ref: {name(one.ref_id, 24)}" if one.ref_id else "",
    ]


def _price(one: Asked) -> str:
    return name(number(one.price or Decimal(0)), 14)


def _sign(one: Asked) -> Literal["≥", "≤"]:
    return "≥" if one.direction == "above" else "≤"


LINES = Command(
    "lines",
    "trader",
    "prices that ring: show, set, off",
    lines,
    takes="[SYM above|below PRICE | off N]",
    acts=True,
)
