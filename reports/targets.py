"""Whether trades reach their targets, and what 100 signals leave net: of all, and by symbol, setup and confidence."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from reports.chosen import ALL, Chosen, Days
from reports.evidence.clusters import Sums, correlation, counts_as
from reports.evidence.statistics import wilson_interval
from reports.evidence.verdict import Kind
from reports.figures import Expectancy, expectancy
from reports.weeks import Week
from sink.db import Connection, rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "targets.sql")
#: Of the trades that ended, more than this are wanted to have reached their first target, and their second.
WANTED_TP1, WANTED_TP2 = 0.60, 0.35


class HitRate(NamedTuple):
    """Trades that ended, those of them that reached a target, and as how many independent ones they count."""

    n: int
    hits: int
    counts_as: float

    @property
    def rate(self) -> float | None:
        """Hits over n; None without a trade."""
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the rate, of as many as they count as."""
        return wilson_interval(self.hits / self.n * self.counts_as if self.n else 0, self.counts_as)

    def judged(self, wanted: float) -> Kind:
        """OK if the interval lies above what is wanted, BROKEN if below, else NOT ENOUGH DATA."""
        low, high = self.interval
        return Kind.OK if low > wanted else Kind.BROKEN if high < wanted else Kind.NOT_ENOUGH_DATA


class Targets(NamedTuple):
    """What became of the signals of a group that ended. kind: all, symbol, setup or confidence (a bin).

    tp1: of all trades that ended; tp2: of those with a second target; settled: signals whose end is known with its
    costs (those without a trade are worth 0); net: their mean in R, None without any; net_counts_as: of as many.
    """

    kind: str
    name: str
    tp1: HitRate
    tp2: HitRate
    settled: int
    net: Expectancy | None
    net_counts_as: float


def targets(connection: Connection, days: Week | Days, chosen: Chosen = ALL) -> list[Targets]:
    """Of all signals first, then by groups, the largest of a kind first; empty if none ended. Raises psycopg.Error."""
    rows = rows_as_dicts(connection, _SQL["targets"], chosen.within(days))
    if not rows:
        return []
    alike, alike_r = _correlations(rows[0])
    return [_targets(row, alike, alike_r) for row in rows]


def _correlations(of_all: dict[str, Any]) -> tuple[float, float]:
    """How alike those of one bet are: in reaching the first target, and in what they were worth."""
    row = of_all
    hits = Sums(
        *(row["traded"], row["trade_bets"], row["trade_squares"]),
        *(row["tp1"], row["tp1"], row["trade_between"]),
    )
    worth = Sums(
        *(row["settled"], row["settled_bets"], row["settled_squares"]),
        *(row["sum_r"], row["sum_r_squared"], row["settled_between"]),
    )
    return correlation(hits), correlation(worth)


def _targets(row: dict[str, Any], alike: float, alike_r: float) -> Targets:
    settled, squares = row["settled"], row["settled_squares"]
    counts = counts_as(settled, squares, alike_r)
    return Targets(
        row["kind"],
        row["name"],
        HitRate(row["traded"], row["tp1"], counts_as(row["traded"], row["trade_squares"], alike)),
        HitRate(row["traded2"], row["tp2"], counts_as(row["traded2"], row["trade2_squares"], alike)),
        settled,
        expectancy(settled, row["sum_r"], row["sum_r_squared"], counts) if settled else None,
        counts,
    )


def per_100(value: Decimal | float) -> float:
    """A mean of one signal as what 100 come to."""
    return float(value) * 100
