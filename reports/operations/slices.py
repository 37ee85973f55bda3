"""Scorecards side by side: what is counted of any days and any of their signals, figure by figure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from reports.chosen import ALL, Chosen, Days
from reports.evidence.pooling import WEEKS
from reports.figures import Figures
from reports.operations.connected import connected
from reports.slices import Slice, cut, newest_of
from reports.text.numbers import ratio, say
from reports.text.sentences import out_of, say_verdict, show_expectancy, show_rate, show_span
from reports.weeks import Week, week_of
from signaltape.errors import NotFound
from signaltape.settings import Settings
from sink.plain_errors import plain_errors

__all__ = ["ALL", "Chosen", "Days", "Slice", "days_of_rules", "days_of_week", "rows", "sliced", "verdict"]


class Row(NamedTuple):
    """A figure by name; n: of so many signals."""

    name: str
    value: str
    n: int


@plain_errors()
def sliced(settings: Settings, days: Days, chosen: Chosen = ALL) -> Slice:
    """Compute it now."""
    with connected(settings) as connection:
        return cut(connection, days, chosen, settings.round_trip_pct)


@plain_errors()
def days_of_rules(settings: Settings, version: str) -> Days:
    """The last weeks in which a rules version published, as many as a verdict rests on. Raises NotFound."""
    with connected(settings) as connection:
        newest = newest_of(connection, version)
    if newest is None:
        raise NotFound(
            f"no signal was published under {version}: give a week such as 2022-W03, or a rules version"
        )
    last = week_of(newest)
    return Days(last.earlier(WEEKS - 1).monday, last.sunday)


def days_of_week(week: Week) -> Days:
    """A week as days."""
    return Days(week.monday, week.sunday)


def verdict(found: Slice) -> str:
    """What its bins support, in one line."""
    return say_verdict(found.verdict)


def rows(of: Figures) -> Sequence[Row]:
    """Its figures in words, R first; `-` where there is nothing to compute one from. Always the same names."""
    worth, closed = of.expectancy, of.closed
    net = f"{say(of.net_r, '+.3f')} R{out_of(of.n_net, closed)}" if of.net_r is not None else "-"
    return [
        Row("expectancy, 95 %", "-" if worth is None else show_expectancy(worth), closed),
        Row("net of a round trip", net, of.n_net),
        Row("profit factor", say(of.profit_factor, ".3f"), closed),
        Row("winrate", show_rate(ratio(of.wins, closed)), closed),
        Row("mean target", _r(of.target_r), closed),
        Row("Brier (a coin: 0.250)", say(of.brier, ".3f"), closed),
        Row("reliability (best: 0)", say(of.reliability, ".4f"), closed),
        Row("triggered", show_rate(of.trigger_rate), of.published),
        Row("expired", show_rate(of.expiry_rate), of.published),
        Row("median to trigger", _span(of.median_to_trigger_ms), of.published),
        Row("median in trade", _span(of.median_in_trade_ms), closed),
    ]


def _r(value: Decimal | None) -> str:
    return "-" if value is None else f"{say(value, '.3f')} R"


def _span(milliseconds: float | None) -> str:
    return "-" if milliseconds is None else show_span(milliseconds)
