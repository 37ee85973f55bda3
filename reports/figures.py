"""The figures of a whole week beside its bins: what a signal was worth in R, how many came to anything, how fast."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from scipy.special import stdtrit

from reports.chosen import ALL, Chosen, Days
from reports.evidence.clusters import counts_as
from reports.text.numbers import ratio, rounded
from reports.weeks import Week
from sink.db import Connection, rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "figures.sql")
_CONFIDENCE = 0.95
#: The group of all of them, as the query calls it.
_ALL = "all"


class Expectancy(NamedTuple):
    """The mean outcome of closed signals in R, with its 95 % interval.

    The interval is Student's t on the outcomes; None with fewer than two, or when all are equal.
    """

    mean_r: Decimal
    interval_r: tuple[float, float] | None


class Group(NamedTuple):
    """Closed signals that share a symbol, side, setup, rules version or bin (`score`), a weekday or an hour."""

    kind: str
    name: str
    closed: int
    wins: int
    expectancy: Expectancy
    #: as so many independent ones the closed count
    counts_as: float = 0.0


class Figures(NamedTuple):
    """One week. A figure is None when there is nothing to compute it from.

    profit_factor: R won over R lost; trigger_rate and expiry_rate: shares of the published; target_r: mean
    target of the closed; brier: mean squared difference of score and outcome (0 or 1), 0.25 is what always saying
    0.5 earns (Brier, Monthly Weather Review 78, 1950); reliability: the part of it that is the score's own fault, mean
    squared difference of score and winrate over the bins, 0 is best (Murphy, Journal of Applied Meteorology 12, 1973).
    """

    published: int
    closed: int
    wins: int
    expectancy: Expectancy | None
    #: the same net of a round trip, of the closed signals whose cost is known
    net_r: Decimal | None
    #: of so many
    n_net: int
    profit_factor: Decimal | None
    trigger_rate: Decimal | None
    expiry_rate: Decimal | None
    target_r: Decimal | None
    brier: Decimal | None
    reliability: Decimal | None
    median_to_trigger_ms: float | None
    median_in_trade_ms: float | None
    groups: list[Group]
    #: outcomes (closed or invalidated) that the engine told, and those that only a ghost did
    by_engine: int = 0
    by_ghost: int = 0
    #: as so many independent ones the closed count
    counts_as: float = 0.0


def figures(connection: Connection, days: Week | Days, chosen: Chosen = ALL, alike: float = 0.0) -> Figures:
    """Compute the figures of a week, or of other days, from the stored events. Raises psycopg.Error.

    alike: how alike outcomes of one bet are (see `reports.bets`).
    What a round trip costs is what the transaction has set (see the view `signal_outcomes`).
    """
    span = chosen.within(days)
    row = rows_as_dicts(connection, _SQL["week"], span)[0]
    groups = _groups(connection, "groups", span, alike)
    whole = next((one for one in groups if one.kind == _ALL), None)
    reliability = connection.execute(_SQL["reliability"], span).fetchone()
    return Figures(
        published=row["published"],
        closed=row["closed"],
        wins=row["wins"],
        expectancy=whole.expectancy if whole else None,
        net_r=row["net_r"],
        n_net=row["n_net"],
        profit_factor=ratio(row["won_r"] or Decimal(0), row["lost_r"]),
        trigger_rate=ratio(row["triggered"], row["published"]),
        expiry_rate=ratio(row["expired"], row["published"]),
        target_r=ratio(row["target_r"], row["closed"]),
        brier=ratio(row["squared_misses"], row["closed"]),
        reliability=reliability[0] if reliability else None,
        median_to_trigger_ms=row["median_to_trigger_ms"],
        median_in_trade_ms=row["median_in_trade_ms"],
        groups=[one for one in groups if one.kind != _ALL],
        counts_as=whole.counts_as if whole else 0.0,
        by_engine=row["by_engine"],
        by_ghost=row["by_ghost"],
    )


def when(connection: Connection, days: Week | Days, chosen: Chosen = ALL, alike: float = 0.0) -> list[Group]:
    """Closed signals by `weekday` (`1`: Monday) and `hour` (`0` to `23`) of publication, WIB. Raises psycopg.Error."""
    return _groups(connection, "when", chosen.within(days), alike)


def _groups(connection: Connection, query: str, span: dict[str, Any], alike: float) -> list[Group]:
    return [_group(row, alike) for row in rows_as_dicts(connection, _SQL[query], span)]


def _group(row: dict[str, Any], alike: float) -> Group:
    counts = counts_as(row["closed"], row["squares"], alike)
    worth = expectancy(row["closed"], row["sum_r"], row["sum_r_squared"], counts)
    return Group(row["kind"], row["name"], row["closed"], row["wins"], worth, counts)


def expectancy(n: int, sum_r: Decimal, sum_r_squared: Decimal, counts_as: float | None = None) -> Expectancy:
    """The expectancy of n closed signals (n > 0) from the sums of their outcomes and of the squares of these.

    counts_as: as many independent ones they are, if not n (see `reports.evidence.clusters`).
    """
    total = Fraction(sum_r)
    mean = total / n
    variance = (Fraction(sum_r_squared) - total * mean) / (n - 1) if n > 1 else Fraction(0)
    if variance <= 0:
        return Expectancy(rounded(mean), None)
    known = min(float(n), counts_as or n)
    half = float(stdtrit(max(1.0, known - 1), (1 + _CONFIDENCE) / 2)) * (float(variance) / known) ** 0.5
    return Expectancy(rounded(mean), (float(mean) - half, float(mean) + half))
