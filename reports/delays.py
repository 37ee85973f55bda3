"""The delay curve: what closed signals brought, against how long it took from publication to entry."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from reports.chosen import ALL, Chosen, Days
from reports.evidence.clusters import Sums, correlation, counts_as
from reports.figures import Expectancy, expectancy
from reports.weeks import Week
from sink.db import Connection, rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "delays.sql")
#: What the bins of `delay_bin()` in Postgres are called, the shortest wait first.
DELAYS = ("<1 min", "1-5 min", "5-15 min", "15-60 min", "60+ min")


class Delay(NamedTuple):
    """Closed signals whose entry came after so long. bin: its number; counts_as: as many independent ones they are."""

    bin: int
    name: str
    n: int
    wins: int
    expectancy: Expectancy
    counts_as: float


def delays(connection: Connection, days: Week | Days, chosen: Chosen = ALL) -> list[Delay]:
    """By bin, the shortest wait first; only bins with closed signals. Raises psycopg.Error."""
    whole, *rows = rows_as_dicts(connection, _SQL["delays"], chosen.within(days)) or [{}]
    if not whole:
        return []
    sums = (whole["sum_r"], whole["sum_r_squared"], whole["between"])
    alike = correlation(Sums(whole["n"], whole["bets"], whole["squares"], *sums))
    found = []
    for row in rows:
        counts = counts_as(row["n"], row["squares"], alike)
        worth = expectancy(row["n"], row["sum_r"], row["sum_r_squared"], counts)
        found.append(Delay(row["number"], DELAYS[row["number"]], row["n"], row["wins"], worth, counts))
    return found
