"""/ghosts: paper orders that wait, are open, or ended today; R so far, and what today brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from decimal import Context, Decimal

from msgspec import Struct, convert

from desk.alerts.coins import coin_of
from desk.answers.answering import as_of, button
from desk.answers.choosing import MOST_MARKETS, symbols_of, unknown
from desk.answers.page import Page, name
from desk.answers.plan import age
from desk.answers.pnl import usd
from desk.answers.reading import Reading, reading
from desk.answers.signals import when
from desk.answers.symbols import in_button, meant
from desk.asking import Answer, Asking
from outbox.text import Text
from outbox.wording import grouped, moment, number, r_multiple
from signaltape.clock import WIB

COMMAND = "ghosts"
_MOST, _SHOWN = 200, 7
#: A price that is older says nothing of now.
_FRESH = timedelta(minutes=10)
#: So far an engine's clock may be ahead of the desk's.
_AHEAD = timedelta(minutes=1)
_DIGITS = Context(prec=28)
_MOST_USD = Decimal(10**12)
_ENDED = {"expired": "unfilled", "cancelled": "off", "refused": "refused"}
_WHY = {"sl": "its stop", "tp": "its target", "manual": "by hand"}


class Ghost(Struct, frozen=True, kw_only=True):
    """One paper order. banked: what part of it is out already, banked_paid: for what."""

    number: int
    symbol: str
    side: str
    status: str
    source: str
    published_at: datetime
    by: str | None = None
    ref_id: str | None = None
    late: bool = False
    reason: str | None = None
    expires_at: datetime | None = None
    filled_at: datetime | None = None
    ended_at: datetime | None = None
    fill: Decimal | None = None
    exit_reason: str | None = None
    rr_realized: Decimal | None = None
    rr_best: Decimal | None = None
    pnl_usd: Decimal | None = None
    risk_usd: Decimal | None = None
    sl: Decimal | None = None
    entry: Decimal | None = None
    banked: Decimal = Decimal(0)
    banked_paid: Decimal = Decimal(0)

    def so_far(self, price: Decimal | None) -> Decimal | None:
        """R if what is still in went out at a price; None if that is not known."""
        if price is None or self.fill is None or self.sl is None or self.fill == self.sl:
            return None
        rest = _DIGITS.subtract(Decimal(1), self.banked)
        out = _DIGITS.add(self.banked_paid, _DIGITS.multiply(rest, price))
        moved = _DIGITS.subtract(out, self.fill) * (1 if self.side == "long" else -1)
        return _DIGITS.divide(moved, abs(_DIGITS.subtract(self.fill, self.sl)))


class Sum(Struct, frozen=True, kw_only=True):
    """Those of one state."""

    status: str
    n: int
    rr: Decimal = Decimal(0)
    won: int = 0
    usd: Decimal = Decimal(0)
    n_usd: int = 0


class Ghosts(Struct, frozen=True):
    """What there is. prices: the last of each symbol of which one is known; lines: that may ring."""

    ghosts: Sequence[Ghost]
    sums: Mapping[str, Sum]
    prices: Mapping[str, Decimal]
    coin: str = ""


def ghosts(asking: Asking) -> Answer:
    """Paper orders, of one symbol if it is named."""
    word = asking.args[0] if asking.args else None
    with reading(asking.settings) as read:
        symbols = None if word is None else symbols_of(read, word) or _of_ghosts(read, word)
        if symbols == [] and word is not None:
            return unknown(COMMAND, word, read)
        found = read_ghosts(read, symbols, asking.now)
    here = [in_button(symbols[0])] if symbols else []
    menu = [button("Signals", "signals", *here), button("PnL", "pnl"), button("Refresh", COMMAND, *here)]
    return Answer(told(found, asking.now), [[button("All", COMMAND)], menu] if here else [menu])


def _of_ghosts(read: Reading, word: str) -> list[str]:
    return meant(word, [row["symbol"] for row in read.rows("ghost_symbols", most=MOST_MARKETS)])


def read_ghosts(read: Reading, symbols: Sequence[str] | None, now: datetime) -> Ghosts:
    """Those of some symbols, or all."""
    midnight = datetime.combine(now.astimezone(WIB).date(), time.min, WIB)
    asked = {"since": midnight, "symbols": None if symbols is None else list(symbols)}
    found = [convert(row, Ghost) for row in read.rows("ghosts", **asked, most=_MOST)]
    sums = {row["status"]: convert(row, Sum) for row in read.rows("ghost_sums", **asked)}
    in_trade = sorted({one.symbol for one in found if one.status == "open"})
    span = {"since": now - _FRESH, "until": now + _AHEAD}
    prices = read.rows("last_prices", symbols=in_trade, **span) if in_trade else []
    by_symbol = {row["symbol"]: row["price"] for row in prices}
    return Ghosts(found, sums, by_symbol, coin_of(symbols[0]) if symbols else "")


def told(found: Ghosts, now: datetime) -> Text:
    """The answer."""
    of = f" {name(found.coin, 8)}" if found.coin else ""
    n_open, waiting = (found.sums[one].n if one in found.sums else 0 for one in ("open", "waiting"))
    if not found.sums:
        return Page(f"Ghosts{of} · none today").line(_HOW).line(as_of(now)).build()
    page = Page(f"Ghosts{of} · {grouped(n_open)} open, {grouped(waiting)} waiting")
    page.line(_so_far(found)).line(_today(found))
    page.table([_row(one, found, now) for one in found.ghosts[:_SHOWN]], right=(3,)).line(as_of(now))
    sentences = [line for one in found.ghosts for line in _sentences(one, found, now)]
    return page.quote("Each of them", sentences).build()


_HOW = "Set Entry of an alert makes one."


def _so_far(found: Ghosts) -> str:
    gains = [one.so_far(found.prices.get(one.symbol)) for one in found.ghosts if one.status == "open"]
    known = [one for one in gains if one is not None]
    if not gains:
        return ""
    if not known:
        return f"Open: no price of the last {int(_FRESH.total_seconds() // 60)} min"
    n_open = found.sums["open"].n if "open" in found.sums else len(gains)
    part = "" if len(known) == n_open else f", of {len(known)} of {grouped(n_open)}"
    return f"Open: {r_multiple(sum(known, Decimal(0)))} so far{part}"


def _today(found: Ghosts) -> str:
    closed = found.sums.get("closed")
    if closed is None:
        return "Today: none closed"
    money = ""
    if closed.n_usd and abs(closed.usd) < _MOST_USD:
        money = f", {usd(closed.usd, signed=True)}{'' if closed.n_usd == closed.n else f' of {closed.n_usd}'}"
    return f"Today: {r_multiple(closed.rr)}{money}, {closed.won} of {closed.n} won"


def _row(one: Ghost, found: Ghosts, now: datetime) -> tuple[str, str, str, str]:
    state = {"open": "open", "waiting": "waits"}.get(one.status) or when(one.ended_at or now, now)
    return state, name(coin_of(one.symbol), 6), one.side[0].upper(), _came_to(one, found)


def _came_to(one: Ghost, found: Ghosts) -> str:
    """R, so far or in the end; of one that waits, for which price."""
    if one.status == "waiting":
        return name(number(one.entry), 12)
    gained = one.so_far(found.prices.get(one.symbol)) if one.status == "open" else one.rr_realized
    return _ENDED.get(one.status) or r_multiple(gained).split("\u00a0")[0]


def _sentences(one: Ghost, found: Ghosts, now: datetime) -> list[str]:
    whose = f", by {name(one.by, 12)}" if one.by else f", {name(one.source, 8)}"
    return [
        f"#{one.number} {name(one.symbol, 18)} {one.side}{whose}",
        f"   {_state(one, found, now)}",
        "   bars were missing: it may have been filled before" if one.late else "",
        f"   ref: {name(one.ref_id, 24)}" if one.ref_id else "",
    ]


def _state(one: Ghost, found: Ghosts, now: datetime) -> str:
    if one.status == "waiting":
        until = f", until {moment(one.expires_at, now)}" if one.expires_at else ""
        return f"waits for {name(number(one.entry), 14)}{until}"
    if one.status == "open":
        gained = r_multiple(one.so_far(found.prices.get(one.symbol)))
        return f"in at {number(one.fill)} for {age(one.filled_at or now, now)}, {gained} so far"
    ended = moment(one.ended_at, now)
    if one.status != "closed":
        why = f": {name(one.reason, 60)}" if one.reason else ""
        return f"{_ENDED.get(one.status, one.status)}, {ended}{why}"
    best = f", at best {r_multiple(one.rr_best)}" if one.rr_best not in (None, one.rr_realized) else ""
    how = _WHY.get(one.exit_reason or "", name(one.exit_reason or "closed", 12))
    return f"{r_multiple(one.rr_realized)} ({how}), {ended}{best}"
