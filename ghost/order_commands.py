"""`python -m ghost list|show|cancel|place|pnl`: orders, as a person sees them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

import click
import msgspec

from ghost.operations import asking, showing
from ghost.operations.showing import OPEN, STATUSES, Card, Earned, Fill, Order, Orders
from ghost.shell import DECIMAL, a_person, say_asked
from signaltape.clock import show, show_bare, utc_now
from signaltape.settings import Settings
from signaltape.terminal import NOTHING_TO_DO, Screen, left, print_json, right
from sink.command_line import TEXT, PlainCommand, json_option

_SIDES = ("long", "short")
_TYPES = ("limit", "stop", "market")
_NEXT = "python -m ghost show NUMBER; python -m ghost cancel NUMBER"


@click.command(name="list", cls=PlainCommand)
@click.option("--open", "only_open", is_flag=True, help="Only those that wait or are open.")
@click.option("--status", type=click.Choice(STATUSES), multiple=True, help="Only this state; again for more.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many."
)
@json_option
def list_command(only_open: bool, status: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List orders, newest first."""
    wanted = (*status, *(OPEN if only_open else ()))
    found = showing.list_orders(Settings.from_env(), wanted, limit=limit)
    if as_json:
        print_json(found)
    else:
        _show_list(Screen(), found)


@click.command(name="show", cls=PlainCommand)
@click.argument("which", type=TEXT)
@json_option
def show_command(which: str, as_json: bool) -> None:
    """Show one order, by its number or id, with its fills."""
    card = showing.show_order(Settings.from_env(), which)
    if as_json:
        print_json(card)
    else:
        _show_card(Screen(), card)


@click.command(name="cancel", cls=PlainCommand)
@click.argument("which", type=TEXT)
def cancel_command(which: str) -> None:
    """Cancel an order that waits, or close an open one at the open of the next bar."""
    say_asked("cancel", asking.cancel(Settings.from_env(), which, a_person()))


@click.command(name="place", cls=PlainCommand)
@click.argument("symbol", type=TEXT)
@click.argument("side", type=click.Choice(_SIDES))
@click.option("--entry", type=DECIMAL, help="The price of the entry.")
@click.option("--sl", type=DECIMAL, required=True, help="The stop.")
@click.option("--tp1", type=DECIMAL, help="The first target.")
@click.option("--tp2", type=DECIMAL, help="The second target.")
@click.option(
    "--type",
    "entry_type",
    type=click.Choice(_TYPES),
    default="limit",
    show_default=True,
    help="How it enters.",
)
@click.option(
    "--minutes", type=click.IntRange(1, 525_600), default=60, show_default=True, help="It waits so long."
)
@click.option("--risk-usd", type=DECIMAL, help="What the way from fill to stop is worth.")
@click.option("--ref", "ref_id", type=TEXT, help="The alert that it belongs to.")
def place_command(
    symbol: str,
    side: Literal["long", "short"],
    entry: Decimal | None,
    sl: Decimal,
    tp1: Decimal | None,
    tp2: Decimal | None,
    entry_type: Literal["limit", "stop", "market"],
    minutes: int,
    risk_usd: Decimal | None,
    ref_id: str | None,
) -> None:
    """Place a paper order."""
    person = a_person()
    ask = asking.Ask(
        symbol=symbol,
        side=side,
        sl=sl,
        expires_at=person.at + timedelta(minutes=minutes),
        entry_type=entry_type,
        entry=entry,
        tp1=tp1,
        tp2=tp2,
        risk_usd=risk_usd,
        ref_id=ref_id,
    )
    say_asked("order", asking.place(Settings.from_env(), ask, person))


@click.command(name="pnl", cls=PlainCommand)
@click.option(
    "--days", type=click.IntRange(1, 36_500), default=7, show_default=True, help="Closed in so many days."
)
@json_option
def pnl_command(days: int, as_json: bool) -> None:
    """Show what closed orders earned, in R."""
    found = showing.earned(Settings.from_env(), utc_now() - timedelta(days=days))
    if as_json:
        print_json(found)
    else:
        _show_earned(Screen(), found, days)


def _show_list(screen: Screen, found: Orders) -> None:
    counts = [f"{found.counts[one]} {one}" for one in STATUSES if found.counts.get(one)]
    screen.say(f"orders: {', '.join(counts)}" if counts else "orders: none")
    screen.table(
        (
            right("no"),
            left("symbol", 14),
            left("side"),
            left("status"),
            right("R"),
            left("since, WIB"),
            left("source"),
        ),
        [_row(one) for one in found.orders],
    )
    screen.next(
        _NEXT if found.orders else "SIGNALTAPE_GHOST=all follows every plan; python -m ghost place --help"
    )


def _row(one: Order) -> tuple[object, ...]:
    since = one.ended_at or one.filled_at or one.published_at
    return (one.number, one.symbol, one.side, one.status, r(one.rr_realized), show_bare(since), one.source)


def _show_card(screen: Screen, card: Card) -> None:
    one = card.order
    screen.say(f"order {one.number}: {one.side} {one.symbol}, {one.status}", "head")
    screen.block(
        [
            ("id", one.order_id),
            ("from", f"{one.source}{f' by {one.by}' if one.by else ''}"),
            ("signal", one.signal_id),
            ("ref", one.ref_id),
            ("plan", _plan(one)),
            ("risk", None if one.risk_usd is None else f"{one.risk_usd} USD"),
            ("published", show(one.published_at)),
            ("expires", _when(one.expires_at)),
            ("filled", _when(one.filled_at)),
            ("fill", one.fill),
            ("ended", _when(one.ended_at)),
            ("why", one.exit_reason or one.reason),
            ("R", _worth(one)),
            ("MFE, MAE", None if one.mfe_r is None else f"{r(one.mfe_r)}, {r(one.mae_r)} R"),
            ("USD", one.pnl_usd),
            ("bars", f"{one.bad_bars} bad, {one.late_bars} late{', some were gone' if one.late else ''}"),
        ]
    )
    screen.table(
        (right("seq"), left("what"), left("world"), right("price"), right("part"), left("WIB")),
        [_fill_row(fill) for fill in card.fills],
    )
    screen.next(f"python -m ghost cancel {one.number}" if one.status in OPEN else NOTHING_TO_DO)


def _plan(one: Order) -> str:
    """`limit 100 · SL 95 · TP1 110`."""
    told = msgspec.json.decode(one.plan)
    low, high = told["entry_low"], told["entry_high"]
    entry = told["entry"] if low is None else f"{low}–{high}"
    named = (("SL", "sl"), ("TP1", "tp1"), ("TP2", "tp2"))
    prices = [f"{word} {told[key]}" for word, key in named if told[key] is not None]
    return " · ".join([f"{told['entry_type']} {'' if entry is None else entry}".rstrip(), *prices])


def _worth(one: Order) -> str | None:
    if one.rr_realized is None:
        return None
    best = "" if one.rr_best == one.rr_realized else f", at best {r(one.rr_best)}"
    return f"{r(one.rr_realized)}{best}, costs {one.fees_r or 0}"


def _fill_row(fill: Fill) -> tuple[object, ...]:
    return (fill.seq, fill.kind, fill.world, fill.price, fill.fraction, show_bare(fill.at))


def _show_earned(screen: Screen, found: list[Earned], days: int) -> None:
    whole = found[-1]
    best = f", at best {r(whole.rr_best)} R" if whole.rr_best != whole.rr else ""
    screen.say(f"closed in {days} days: {whole.closed}, {r(whole.rr)} R{best}, costs {whole.fees_r} R")
    screen.table(
        (
            left("source"),
            right("closed"),
            right("won"),
            right("R"),
            right("best R"),
            right("costs R"),
            right("USD"),
        ),
        [
            (one.source, one.closed, one.won, r(one.rr), r(one.rr_best), one.fees_r, one.usd)
            for one in found
            if one.source is not None
        ],
    )
    screen.next("python -m ghost list --status closed")


def _when(moment: datetime | None) -> str | None:
    return show(moment) if moment is not None else None


def r(value: Decimal | None) -> str | None:
    """R with a sign and two decimals."""
    return None if value is None else f"{value:+.2f}"
