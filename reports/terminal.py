"""The scorecard as a table in the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text as RichText

from reports.evidence.statistics import wilson_interval
from reports.evidence.verdict import Counted
from reports.layers.whatif import WhatIf
from reports.numbers import ratio
from reports.scorecard import Bin, Scorecard
from reports.sentences import (
    monotonicity_line,
    rest_lines,
    say_verdict,
    show_expectancy,
    show_net,
    show_rate,
    signals_line,
    verdict_lines,
)


def _interval(one: Bin) -> str:
    """The 95 % Wilson interval of the winrate."""
    if not one.n:
        return "-"
    low, high = wilson_interval(one.wins, one.n)
    return f"{low:.2f}–{high:.2f}"


def print_scorecard(console: Console, card: Scorecard, *, so_far: bool = False) -> None:
    """Print one scorecard. `so_far`: its week is not over."""
    table = _table(f"Weekly Scorecard {card.week.name}: {card.week.dates} WIB")
    for name in ("n", "wins", "winrate", "95 %", "sl (all)", "open"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in card.bins:
        table.add_row(
            one.label,
            str(one.n),
            str(one.wins),
            show_rate(one.winrate),
            _interval(one),
            f"{one.sl} ({show_rate(one.winrate_all)})" if one.sl else "0",
            str(one.open),
        )
    console.print(table)
    if card.figures.closed:
        console.print(_worth(card))
    for line in (
        signals_line(card),
        *verdict_lines(card),
        monotonicity_line(card),
        *rest_lines(card, so_far=so_far),
    ):
        console.print(RichText(line))  # plain: names from outside are no markup


def _worth(card: Scorecard) -> Table:
    """What a closed signal brought, and what a round trip leaves of it."""
    table = _table("What a closed signal brought, in R")
    for name in ("expectancy (95 %)", "break-even winrate", "net winrate, R"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in card.bins:
        table.add_row(
            one.label,
            "-" if one.expectancy is None else show_expectancy(one.expectancy),
            show_rate(one.break_even),
            "-" if one.net_r is None else show_net(one),
        )
    return table


def _table(title: str | None = None) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("score", no_wrap=True)
    return table


def print_whatif(console: Console, result: WhatIf) -> None:
    """Print both scorecards side by side, and what the comparison cannot know."""
    table = _table()
    for name in ("published: n", "wins", "winrate", "new weights: n", "wins", "winrate"):
        table.add_column(name, justify="right", no_wrap=True)
    for then, now in zip(result.published.bins, result.rescored.bins, strict=True):
        table.add_row(then.label, *_counted(then), *_counted(now))
    console.print(table)
    said = [
        f"Verdict as published:     {say_verdict(result.published.verdict)}",
        f"Verdict with new weights: {say_verdict(result.rescored.verdict)}",
        f"{result.signals} signals with layers; {result.moved} change their bin",
    ]
    if result.without_layers:
        said.append(f"{result.without_layers} signals without layers are left out of both")
    if result.shifted:
        said.append(
            f"of {result.shifted} signals the published score is not the sum of their weights:"
            " what else is in it was kept"
        )
    if result.unknown:
        said.append(f"no signal names these layers: {', '.join(result.unknown)}")
    said.append(
        "It cannot know: signals that were never published. Under the new weights others would have been"
        f" published, and {result.below} of these fall below the lowest score that was."
    )
    for line in said:
        console.print(RichText(line))


def _counted(one: Counted) -> tuple[str, str, str]:
    return f"{one.n:.0f}", f"{one.wins:.0f}", show_rate(ratio(int(one.wins), int(one.n)))
