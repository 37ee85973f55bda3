"""/alpha: the bias of a symbol and its reason, from the newest signal and the engine's records; what lacks is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from desk.alerts.coins import coin_of
from desk.answers.answering import as_of, button
from desk.answers.choosing import OFFERED, called, offered, symbols_of, there_are, unknown
from desk.answers.facts import Fact, facts, headline
from desk.answers.page import Page, name, seen
from desk.answers.plan import Plan, age, entry, life, plan_of
from desk.answers.reading import Reading, reading
from desk.answers.symbols import in_button
from desk.asking import Answer, Asking
from outbox.lines import LINE
from outbox.text import Text
from outbox.wording import exact, number, shortened

COMMAND = "alpha"
#: Records older than this say nothing of now; most are as new as the first span, which is looked through first.
WINDOW, _NEW = timedelta(days=1), timedelta(minutes=15)
_RECORDS = {"regime_snapshot": "regime", "scoring_snapshot": "scoring", "feature_snapshot": "features"}
#: A longer record is not read.
_LONGEST_PAYLOAD = 20_000
#: One that an engine's clock, a little ahead, has dated.
_AHEAD = timedelta(minutes=5)
_VALUE_WIDE = 13
#: How near a record is to a symbol: it names no symbol and is of the whole market, one of the same coin, or this one.
_OF_ALL, _OF_COIN, _OF_SYMBOL = 1, 2, 3


class Layer(Struct, frozen=True):
    """What one layer said of the signal."""

    layer: str
    matched: bool
    weight: Any = None


class Snapshot(Struct, frozen=True):
    """A record of the engine's own making. of_all: it names no symbol, but the market."""

    kind: str
    ts: datetime
    told: list[Fact]
    of_all: bool = False


class Alpha(Struct, frozen=True):
    """What is known of a symbol."""

    symbol: str
    plan: Plan | None
    layers: Sequence[Layer] = ()
    snapshots: Sequence[Snapshot] = ()


def alpha(asking: Asking) -> Answer:
    """The bias of a symbol, or the symbols of the last day to choose from."""
    with reading(asking.settings) as read:
        if not asking.args:
            return _choice(read, asking.now)
        known = read_alpha(read, symbols_of(read, asking.args[0]) or asking.args[:1], asking.now)
        if known.plan is None and all(one.of_all for one in known.snapshots):
            return unknown(COMMAND, asking.args[0], read)
    symbol = in_button(known.symbol)
    refresh, all_of = button("Refresh", COMMAND, symbol), button("All symbols", COMMAND)
    plan, signals = button("Plan", "sniper", symbol), button("Signals", "signals", symbol)
    return Answer(told(known, asking.now), [[plan, signals], [all_of, refresh]])


def read_alpha(read: Reading, symbols: Sequence[str], now: datetime) -> Alpha:
    """What is stored of these symbols, which are of one coin."""
    rows = read.rows("newest", symbols=list(symbols), planned=False, most=1)
    plan = plan_of(rows[0]) if rows else None
    layers = [Layer(**row) for row in read.rows("layers", signal_id=plan.signal_id)] if plan else []
    return Alpha(plan.symbol if plan else symbols[0], plan, layers, _snapshots(read, symbols, now))


def _snapshots(read: Reading, symbols: Sequence[str], now: datetime) -> list[Snapshot]:
    chosen: dict[str, Mapping[str, Any]] = {}
    for span, least in ((_NEW, _OF_COIN), (WINDOW, _OF_ALL)):
        lacking = [event for event in _RECORDS if event not in chosen]
        found = (
            read.rows("snapshots", since=now - span, until=now + _AHEAD, events=lacking) if lacking else []
        )
        chosen |= {event: row for event in lacking if (row := choose(found, event, symbols, least))}
    return [_snapshot(read, event, row) for event, row in chosen.items()]


def _snapshot(read: Reading, event: str, row: Mapping[str, Any]) -> Snapshot:
    found = read.row("payload", **row, most=_LONGEST_PAYLOAD) or {"payload": None}
    return Snapshot(_RECORDS[event], row["ts"], facts(found["payload"]), row["symbol"] is None)


def choose(
    found: Sequence[Mapping[str, Any]], event: str, symbols: Sequence[str], least: int = _OF_ALL
) -> Mapping[str, Any] | None:
    """The newest of one kind: of these symbols, else of their coin, else of none, which is the whole market's.

    least: how near it must be.
    """
    coins = {coin_of(symbol) for symbol in symbols}
    ranked = [
        (_rank(row["symbol"], symbols, coins), row["ts"], row) for row in found if row["event"] == event
    ]
    near = [one for one in ranked if one[0] >= least]
    return max(near, key=lambda one: one[:2])[2] if near else None


def _rank(symbol: str | None, symbols: Sequence[str], coins: set[str]) -> int:
    """How near a record's symbol is; 0: it is about another one."""
    if symbol is None:
        return _OF_ALL
    return _OF_SYMBOL if symbol in symbols else _OF_COIN if coin_of(symbol) in coins else 0


def told(known: Alpha, now: datetime) -> Text:
    """The answer."""
    plan = known.plan
    page = Page(f"Alpha {name(coin_of(known.symbol), 8)} · {bias(plan, now)}").line(name(known.symbol, 34))
    page.table(_table(known, now), right=(2,))
    if plan is not None:
        page.line(life(plan, now))
    page.lines([_layers_line("For", known, matched=True), _layers_line("Against", known, matched=False)])
    page.line(_missing(known)).line(as_of(now))
    return _unfolded(page, known, now).build()


def bias(plan: Plan | None, now: datetime) -> str:
    """The direction of the newest signal while it is valid: there is no other voice here that has one."""
    if plan is None:
        return "no signal yet"
    side = plan.side.upper()
    return f"{side} {number(plan.score)[:6]}" if plan.is_valid(now) else f"no bias now, was {side}"


def _table(known: Alpha, now: datetime) -> list[tuple[str, str, str]]:
    """What is said, and how old that is, line by line."""
    plan, matched = known.plan, sum(one.matched for one in known.layers)
    rows = [("signal", "-", "-")]
    if plan is not None:
        rows = [("signal", f"{plan.side} {number(plan.score)[:5]}", age(plan.ts_published, now))]
        if known.layers:
            rows.append(("layers", f"{matched} of {len(known.layers)}", age(plan.ts_published, now)))
    by_kind = {one.kind: one for one in known.snapshots}
    return [*rows, *(_row(kind, by_kind.get(kind), now) for kind in _RECORDS.values())]


def _row(kind: str, found: Snapshot | None, now: datetime) -> tuple[str, str, str]:
    if found is None:
        return kind, "-", "-"
    head = headline(found.told)
    if head is None:
        return kind, "empty", age(found.ts, now)
    said = head.value if head.path == kind else f"{head.path.rpartition('.')[2]} {head.value}"
    return kind, name(said, _VALUE_WIDE), age(found.ts, now)


def _layers_line(word: str, known: Alpha, *, matched: bool) -> str:
    """`For: smc, volume and 3 more`: the heaviest first."""
    named = [name(one.layer, 14) for one in known.layers if one.matched is matched]
    lines = [
        f"{word}: {', '.join(named[:some])}{_more(len(named) - some)}" for some in range(len(named), 0, -1)
    ]
    return next((line for line in lines if seen(line) <= LINE), lines[-1] if lines else "")


def _more(left: int) -> str:
    return f" and {left} more" if left else ""


def _missing(known: Alpha) -> str:
    lacks = [kind for kind in _RECORDS.values() if kind not in {one.kind for one in known.snapshots}]
    if known.plan is not None and not known.layers:
        lacks.insert(0, "layers")
    return f"Missing: {', '.join(lacks)}" if lacks else ""


def _unfolded(page: Page, known: Alpha, now: datetime) -> Page:
    if known.plan is not None:
        page.quote("Signal", signal_sentences(known.plan))
        page.quote("Layers", [_layer(one) for one in known.layers])
    for one in known.snapshots:
        of = "the whole market, " if one.of_all else ""
        page.quote(f"{one.kind.capitalize()} ({of}{age(one.ts, now)} old)", [str(fact) for fact in one.told])
    return page


def _layer(one: Layer) -> str:
    weight = "" if one.weight is None else f", weight {name(number(one.weight), 8)}"
    return f"{name(one.layer, 16)} {'for' if one.matched else 'against'}{weight}"


def signal_sentences(plan: Plan) -> list[str]:
    """The plan of a signal, and where it comes from."""
    return [
        f"Published {exact(plan.ts_published)[:19]}",
        f"Setup {name(plan.setup, 24)}" if plan.setup else "",
        f"Timeframe {name(plan.timeframe, 20)}" if plan.timeframe else "",
        *(_prices(plan) if plan.data_quality != "bad" else ["Prices are not shown: bad data"]),
        f"Meant to bring {name(number(plan.rr_target), 12)} R",
        f"Rules {name(plan.rules_version, 26)}",
        f"Data quality: {plan.data_quality}" if plan.data_quality else "",
        f"ref: {name(plan.ref_id, 27)}" if plan.ref_id else f"id: {shortened(plan.signal_id)}",
    ]


def _prices(plan: Plan) -> list[str]:
    targets = " and ".join(number(one) for one in (plan.tp, plan.tp2) if one is not None)
    return [
        f"Entry {entry(plan)}" if plan.planned else "No entry named",
        f"Stop {number(plan.sl)}" if plan.sl else "",
        f"Target {targets}" if targets else "",
    ]


def _choice(read: Reading, now: datetime) -> Answer:
    rows = sorted(read.rows("day", since=now - WINDOW), key=lambda row: row["ts_published"], reverse=True)
    if not rows:
        known = [row["symbol"] for row in read.rows("symbols", most=OFFERED)]
        page = Page("Alpha · no signal in 24 h").line(there_are(known)).line(as_of(now))
        return Answer(page.build(), [*offered(COMMAND, known), [button("Refresh", COMMAND)]])
    buttons = [*offered(COMMAND, [row["symbol"] for row in rows]), [button("Refresh", COMMAND)]]
    return Answer(choice(rows, now), buttons)


def choice(rows: Sequence[Mapping[str, Any]], now: datetime) -> Text:
    """The symbols of the last day with their newest signal."""
    shown, more = rows[:8], len(rows) - 8
    symbols = [row["symbol"] for row in rows]
    head = f"Alpha · {len(rows)} symbol{'s' * (len(rows) > 1)} in 24 h"
    table = [
        (
            called(row["symbol"], symbols),
            f"{row['side']} {number(row['score'])[:4]}",
            age(row["ts_published"], now),
        )
        for row in shown
    ]
    page = Page(head).table(table, right=(2,)).line(f"and {more} more: /alpha SYM" if more > 0 else "")
    return page.line(as_of(now)).build()
