"""`python -m ghost lines` and `line set|cancel`: prices that ring."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Literal

import click

from ghost.operations import asking, showing
from ghost.operations.showing import LineShown
from ghost.shell import DECIMAL, a_person, say_asked
from signaltape.clock import show_bare
from signaltape.settings import Settings
from signaltape.terminal import Screen, left, print_json, right
from sink.command_line import TEXT, PlainCommand, PlainGroup, json_option


@click.command(name="lines", cls=PlainCommand)
@click.option("--all", "everything", is_flag=True, help="Also those that have rung or ended.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many."
)
@json_option
def lines_command(everything: bool, limit: int, as_json: bool) -> None:
    """List the lines that may ring, newest first."""
    found = showing.list_lines(Settings.from_env(), everything=everything, limit=limit)
    if as_json:
        print_json(found)
    else:
        _show(Screen(), found)


@click.group(name="line", cls=PlainGroup)
def line_group() -> None:
    """Set a price that rings once, or take it away."""


@line_group.command(name="set")
@click.argument("symbol", type=TEXT)
@click.argument("direction", type=click.Choice(("above", "below")))
@click.argument("price", type=DECIMAL)
@click.option("--label", type=TEXT, help="What it is called when it rings.")
@click.option("--minutes", type=click.IntRange(1, 525_600), help="It waits so long; else until it rings.")
def set_command(
    symbol: str, direction: Literal["above", "below"], price: Decimal, label: str | None, minutes: int | None
) -> None:
    """Ring once the price of SYMBOL is at PRICE or beyond."""
    person = a_person()
    expires = person.at + timedelta(minutes=minutes) if minutes is not None else None
    ask = asking.AskLine(symbol=symbol, price=price, direction=direction, label=label, expires_at=expires)
    say_asked("line", asking.set_line(Settings.from_env(), ask, person))


@line_group.command(name="cancel")
@click.argument("which", type=TEXT)
def cancel_command(which: str) -> None:
    """Take a line away, by its number or id."""
    say_asked("cancel", asking.cancel_line(Settings.from_env(), which, a_person()))


def _show(screen: Screen, found: list[LineShown]) -> None:
    screen.say(f"lines: {len(found)}" if found else "lines: none")
    screen.table(
        (
            right("no"),
            left("symbol", 14),
            left(""),
            right("price"),
            left("status"),
            left("since, WIB"),
            left("label"),
        ),
        [_row(one) for one in found],
    )
    screen.next("python -m ghost line set SYMBOL above PRICE; python -m ghost line cancel NUMBER")


def _row(one: LineShown) -> tuple[object, ...]:
    since = one.rung_at or one.set_at
    return (one.number, one.symbol, one.direction, one.price, one.status, show_bare(since), one.label)
