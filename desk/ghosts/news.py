"""What ghosts say on the tape of orders and lines, and what of it is told to who asked, in which words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec
from msgspec import Struct

from desk.alerts.coins import coin_of
from desk.alerts.wording import number
from desk.answers.page import folded, name
from desk.ghosts.words import SIGNS
from outbox.lines import LINE
from outbox.text import Text, TextBuilder
from outbox.wording import clock, r_multiple
from signaltape.contract.order_records import PriceLine
from signaltape.contract.records import OrderLog

ORDER, LINE_RECORD = OrderLog.EVENT, PriceLine.EVENT
_ORDER_NAME, _LINE_NAME = ORDER.encode(), LINE_RECORD.encode()
#: A ring is of use for so long behind its bar, what became of an order for longer.
RING_LIFE, ORDER_LIFE = timedelta(minutes=10), timedelta(hours=12)
_GHOST = "ghost"
_SIGN = {ORDER: "👻", LINE_RECORD: "🔔"}
#: How an order or a line ends.
_ENDS = ("closed", "expired", "cancelled", "refused", "rung")
_MOST_USD = Decimal(10**12)
_MOST_WHY = 120


class Said(Struct, frozen=True, kw_only=True, rename="camel"):
    """The fields of a record of a ghost that are told; numbers as they were sent."""

    what: str = ""
    source: str = ""
    order_id: str | None = None
    line_id: str | None = None
    kind: str | None = None
    world: str | None = None
    fraction: Decimal | None = None
    price: Decimal | None = None
    seen: Decimal | None = None
    direction: str | None = None
    label: str | None = None
    rr_realized: Decimal | None = None
    rr_best: Decimal | None = None
    pnl_usd: Decimal | None = None
    exit_reason: str | None = None
    last_error: str | None = None
    reason: str | None = None

    @property
    def is_last(self) -> bool:
        """Whether it is an exit that leaves nothing in its reading, or may: the stop, or a target of the whole."""
        return self.what == "exit" and (self.kind == "sl" or self.fraction == 1)


class News(NamedTuple):
    """One record of a ghost. about: the id of the order or line."""

    record_id: str
    event: str
    about: str
    at: datetime
    said: Said

    @property
    def ends(self) -> bool:
        """Whether the order, or the line, has ended."""
        return self.said.what in _ENDS

    @property
    def kind(self) -> str:
        """What it is about: a record of a line says nothing of an order that has its id."""
        return "line" if self.event == LINE_RECORD else "order"

    @property
    def begins(self) -> bool:
        """Whether the order, or the line, is followed from now on."""
        return self.said.what in ("placed", "set")

    @property
    def rings(self) -> bool:
        """Whether a line has rung: that is told before everything else."""
        return self.event == LINE_RECORD and self.said.what == "rung"

    @property
    def is_told(self) -> bool:
        """Whether who asked is told; what they did themselves, and what follows at once, is not said twice."""
        said = self.said
        if self.event == LINE_RECORD:
            return said.what in ("rung", "refused")
        if said.what == "exit":
            return (said.kind, said.world) in (("tp1", "both"), ("tp1", "worse"), ("sl", "worse"))
        return said.what in ("filled", "closed", "expired", "cancelled", "refused")

    @property
    def not_after(self) -> datetime:
        """Until when it is worth telling."""
        return self.at + (RING_LIFE if self.event == LINE_RECORD else ORDER_LIFE)


class Whose(Struct, frozen=True, kw_only=True):
    """Who asked for it, and where that is told."""

    id: str
    kind: str
    ref_id: str | None
    user_id: int
    by_user: str
    chat_id: str
    thread_id: int | None
    symbol: str
    side: str | None
    label: str | None
    cancelled_at: datetime | None = None

    def is_told(self, news: News) -> bool:
        """Whether they are told; of a line that was taken off, if that was not by them."""
        if news.event == LINE_RECORD and news.said.what == "cancelled":
            return self.cancelled_at is None
        return news.is_told


_said = msgspec.json.Decoder(Said).decode


def news_of(event: str, record_id: str, at: datetime, payload: bytes) -> News | None:
    """The news in a record; None if it is of no ghost. Raises msgspec.ValidationError."""
    said = _said(payload)
    about = said.line_id if event == LINE_RECORD else said.order_id
    if about is None or (event == ORDER and said.source != _GHOST):
        return None
    return News(record_id, event, about, at, said)


def said_by_ends(some: Sequence[News]) -> set[str]:
    """The records of exits that the same bar's end says all of: of the stop, and of the whole. That TP1 was reached on
    the way to TP2 is told all the same."""
    closed = {(one.about, one.at) for one in some if one.event == ORDER and one.said.what == "closed"}
    return {one.record_id for one in some if one.said.is_last and (one.about, one.at) in closed}


def may_be_news(event: bytes, data: bytes) -> bool:
    """Whether to look at a record at all: an engine's own orders are none of a ghost."""
    return event == _LINE_NAME or (event == _ORDER_NAME and b'"ghost"' in data)


def told(news: News, whose: Whose, now: datetime) -> Text:
    """The message."""
    what = f"{name(coin_of(whose.symbol), 8)} {(whose.side or '').upper()}".rstrip()
    head, *rest = folded(f"{_SIGN[news.event]} {_head(news, what)}", LINE)
    text = TextBuilder().line(head, "bold")
    for sentence in (*rest, *_body(news, whose), f"{clock(news.at, now)}, for {name(whose.by_user, 16)}"):
        for line in folded(sentence, LINE):
            text.line(line)
    return (text.add("ref: ").add(whose.ref_id, "code") if whose.ref_id else text).build()


def _head(news: News, what: str) -> str:
    if news.event == LINE_RECORD and news.said.what == "cancelled":
        return f"Off: {_rung(news.said)} · {what}"
    return f"{_WORDS[news.said.what](news.said)} · {what}"


def _exit(said: Said) -> str:
    return "TP1" if said.kind == "tp1" else "SL, perhaps after a target"


def _closed(said: Said) -> str:
    """The stop by its name; R first."""
    why = {"sl": "Stop", "tp": "Target", "tp1": "TP1", "tp2": "TP2"}.get(said.exit_reason or "", "Closed")
    return f"{why} {r_multiple(said.rr_realized)}"


def _rung(said: Said) -> str:
    label = f"{name(said.label, 8)} " if said.label else ""
    return f"{label}{SIGNS.get(said.direction or '', '')} {_price(said.price)}"


_WORDS: dict[str, Callable[[Said], str]] = {
    "filled": lambda said: f"Filled {_price(said.price)}",
    "exit": _exit,
    "closed": _closed,
    "expired": lambda _: "Not filled in time",
    "cancelled": lambda _: "Cancelled",
    "refused": lambda _: "Refused",
    "rung": _rung,
}
_REASONS = {"asked": "as you asked", "beyond_stop": "the price went beyond the stop first"}
_NOT_HERE = "from elsewhere, not by this bot"


def _body(news: News, whose: Whose) -> Iterator[str]:
    said = news.said
    if said.what == "exit" and said.price is not None:
        yield f"at {_price(said.price)}"
    if said.what == "closed":
        yield from _earned(said)
    if said.what == "rung":
        yield f"Seen {_price(said.seen)}"
    if said.what in ("cancelled", "refused"):
        why = said.last_error or said.reason or ("asked" if said.what == "cancelled" else "")
        if why == "asked" and whose.cancelled_at is None:
            why = _NOT_HERE
        yield _REASONS.get(why, name(why, _MOST_WHY)) if why else ""


def _earned(said: Said) -> Iterator[str]:
    if said.rr_best is not None and said.rr_best != said.rr_realized:
        yield f"at best {r_multiple(said.rr_best)}: a bar left open what came first"
    if said.pnl_usd is not None and abs(said.pnl_usd) < _MOST_USD:
        sign = "−" if said.pnl_usd < 0 else "+"
        yield f"{sign}${abs(said.pnl_usd):,.2f} on paper"


def _price(price: Decimal | None) -> str:
    return "-" if price is None else number(price)
