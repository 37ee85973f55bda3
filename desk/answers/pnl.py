"""/pnl: what the last days brought in R, gross and net, by day and symbol; then in money, where the equity is set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from msgspec import Struct, convert

from desk.answers.answering import as_of, button, rows_of, wrong
from desk.answers.page import Page, name
from desk.answers.reading import Reading, reading
from desk.answers.risk import Risk, read_risk
from desk.asking import Answer, Asking
from outbox.text import Text
from outbox.wording import grouped, r_multiple
from signaltape.clock import WIB

COMMAND = "pnl"
_EXAMPLE = "/pnl 30d"
_SPAN = re.compile(r"([1-9][0-9]{0,2})[dD]?")
_DAYS, _MOST_DAYS = 7, 366
_OFFERED = (1, 7, 30)
#: So many days stand on the first screen.
_SHOWN = 6


class Part(Struct, frozen=True, kw_only=True):
    """What was closed of a symbol on a day (WIB). net: of n_net of the n signals."""

    day: date
    symbol: str | None
    n: int
    won: int
    gross: Decimal
    net: Decimal | None
    n_net: int


class Sum(Struct, frozen=True):
    """Several of them together."""

    n: int
    won: int
    gross: Decimal
    net: Decimal
    n_net: int


class Profits(Struct, frozen=True):
    """The last days. stopped: signals that were stopped without a closure, which stand in no R."""

    days: int
    parts: Sequence[Part]
    stopped: int
    risk: Risk


def pnl(asking: Asking) -> Answer:
    """What the last days brought."""
    days = asked_days(asking.args)
    with reading(asking.settings) as read:
        found = _read(read, asking, days)
    others = [button(f"{one}d", COMMAND, f"{one}d") for one in _OFFERED if one != days]
    return Answer(told(found, asking.now), rows_of([*others, button("Refresh", COMMAND, f"{days}d")]))


def asked_days(args: Sequence[str]) -> int:
    """`7d`, `30`, or nothing for a week of days. Raises InvalidRequest."""
    if not args:
        return _DAYS
    match = _SPAN.fullmatch(args[0])
    if match is None or int(match[1]) > _MOST_DAYS:
        raise wrong(f"days are 1d to {_MOST_DAYS}d", _EXAMPLE)
    return int(match[1])


def _read(read: Reading, asking: Asking, days: int) -> Profits:
    today = asking.now.astimezone(WIB).date()
    span = {
        "since": _midnight(today - timedelta(days=days - 1)),
        "until": _midnight(today + timedelta(days=1)),
    }
    read.rows("costs", pct=str(asking.settings.round_trip_pct))
    parts = [convert(row, Part) for row in read.rows("profits", **span)]
    return Profits(days, parts, (read.row("stopped", **span) or {"n": 0})["n"], read_risk(read, asking.desk))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, WIB)


def together(parts: Iterable[Part]) -> Sum:
    """Their sum; numbers are exact."""
    some = list(parts)
    return Sum(
        sum(one.n for one in some),
        sum(one.won for one in some),
        sum((one.gross for one in some), Decimal()),
        sum((one.net for one in some if one.net is not None), Decimal()),
        sum(one.n_net for one in some),
    )


def told(found: Profits, now: datetime) -> Text:
    """The answer."""
    whole = together(found.parts)
    span = "today" if found.days == 1 else f"{found.days} days"
    if not whole.n:
        page = Page(f"PnL {span} · nothing closed").line(_stopped(found.stopped))
        return page.line(as_of(now)).build()
    complete = whole.n_net == whole.n
    page = Page(f"PnL {span} · {f'{_net(whole)} net' if complete else f'{r_multiple(whole.gross)} gross'}")
    page.line(f"{r_multiple(whole.gross)} gross, {grouped(whole.n)} closed, {grouped(whole.won)} won")
    page.line(_money(whole, found.risk))
    days = _by(found.parts, "day")
    table = [("", "n", "gross", "net"), *(_day(*one) for one in days[:_SHOWN])]
    page.table(table if whole.n_net else [row[:3] for row in table], right=(1, 2, 3))
    page.line(as_of(now))
    page.quote("What is counted", [*_counted(whole, found), _stopped(found.stopped)])
    page.quote("Earlier days", [_said(f"{day:%a} {day.day} {day:%b}", of) for day, of in days[_SHOWN:]])
    ranked = sorted(_by(found.parts, "symbol"), key=lambda one: one[1].gross, reverse=True)
    return page.quote("By symbol", [_said(name(symbol, 24), of) for symbol, of in ranked]).build()


def _by(parts: Sequence[Part], what: str) -> list[tuple[Any, Sum]]:
    """Parts that share a day or a symbol, in the order in which they first appear."""
    groups: dict[Any, list[Part]] = {}
    for one in parts:
        groups.setdefault(getattr(one, what), []).append(one)
    return [(key, together(some)) for key, some in groups.items()]


def _day(day: date, of: Sum) -> tuple[str, str, str, str]:
    return f"{day:%a} {day.day}", grouped(of.n), _bare(of.gross), _bare(of.net) if of.n_net else "-"


def _said(what: str, of: Sum) -> str:
    net = f", net {_net(of)}" if of.n_net else ""
    return f"{what}: n={of.n}, {r_multiple(of.gross)}{net}"


def _net(of: Sum) -> str:
    """`+1.20 R`."""
    return r_multiple(of.net)


def _bare(value: Decimal) -> str:
    """R in a column whose head says so."""
    return r_multiple(value).partition("\u00a0")[0]


def _counted(whole: Sum, found: Profits) -> list[str]:
    missing, risk = whole.n - whole.n_net, found.risk
    return [
        "By the day of closing, WIB",
        _net_of(whole, missing),
        ""
        if risk.usd is None or risk.equity is None
        else f"1 R is {risk.base_pct:f} % of {usd(risk.equity)}, whatever a trade's own size was",
    ]


def _net_of(whole: Sum, missing: int) -> str:
    if not whole.n_net:
        return "No net: the cost is known of none"
    return f"Net {_net(whole)} of {whole.n_net}: of {missing} the cost is not known" if missing else ""


def _stopped(stopped: int) -> str:
    return f"{grouped(stopped)} stopped without a closure: in no R" if stopped else ""


def _money(whole: Sum, risk: Risk) -> str:
    """Money second, and only as what R means at the size that is set."""
    if risk.usd is None:
        return ""
    gained = (whole.net if whole.n_net == whole.n else whole.gross) * risk.usd
    of = "net" if whole.n_net == whole.n else "gross"
    return f"≈ {usd(gained, signed=True)} {of}, 1 R = {usd(risk.usd)}"


def usd(value: Decimal, *, signed: bool = False) -> str:
    """`$1,235`, with cents below ten dollars."""
    sign = "−" if value < 0 else "+" if signed else ""
    return f"{sign}${abs(value):,.2f}" if abs(value) < 10 else f"{sign}${abs(value):,.0f}"
