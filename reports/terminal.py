"""The scorecard as a table in the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text as RichText

from reports.evidence.statistics import wilson_interval
from reports.message import (
    figure_lines,
    monotonicity_line,
    quality_line,
    revised_line,
    show_rate,
    signals_line,
    verdict_lines,
)
from reports.scorecard import Bin, Scorecard


def _interval(one: Bin) -> str:
    """The 95 % Wilson interval of the winrate."""
    if not one.n:
        return "-"
    low, high = wilson_interval(one.wins, one.n)
    return f"{low:.2f}–{high:.2f}"


def print_scorecard(console: Console, card: Scorecard) -> None:
    """Print one scorecard."""
    title = f"Weekly Scorecard {card.week.name}: {card.week.dates} WIB"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("score", no_wrap=True)
    for name in ("n", "wins", "winrate", "95 %", "break-even", "net R", "sl (all)"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in card.bins:
        table.add_row(
            one.label,
            str(one.n),
            str(one.wins),
            show_rate(one.winrate),
            _interval(one),
            show_rate(one.break_even),
            "-" if one.net_r is None else f"{one.net_r:+.2f}",
            f"{one.sl} ({show_rate(one.winrate_all)})" if one.sl else "0",
        )
    console.print(table)
    for line in (
        signals_line(card),
        *verdict_lines(card),
        monotonicity_line(card),
        *figure_lines(card.figures),
        revised_line(card),
        quality_line(card),
    ):
        if line:
            console.print(RichText(line))  # plain: names from outside are no markup
