"""As how many independent signals those of a scorecard count: coins that move together are one bet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from reports.chosen import ALL, Chosen, Days
from reports.evidence.clusters import Sums, correlation, counts_as
from reports.weeks import Week
from sink.db import Connection, rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "bets.sql")


class Bets(NamedTuple):
    """alike: how alike outcomes of a bet are, 0 to 1, of winning and of R the larger; squares: of each span and bin."""

    alike: float = 0.0
    squares: Mapping[tuple[int, int], float] = {}

    def counts_as(self, span: int, bin_number: int, n: int) -> float:
        """As how many the n closed signals of a bin count. span: the place of it among those that were asked for."""
        return counts_as(n, self.squares.get((span, bin_number), n), self.alike)


#: Each signal a bet of its own.
ALONE = Bets()


def bets_of(connection: Connection, spans: Sequence[Week | Days], chosen: Chosen = ALL) -> Bets:
    """The bets of some spans that follow each other, the newest first. Raises psycopg.Error."""
    oldest_first = list(reversed(spans))
    whole = {"since": oldest_first[0].since, "until": oldest_first[-1].until}
    edges = [one.since for one in oldest_first]
    rows = rows_as_dicts(connection, _SQL["bets"], {**chosen._asdict(), **whole, "edges": edges})
    if not rows:
        return ALONE
    squares = {(len(spans) - row["span"], row["bin"]): row["bin_squares"] for row in rows}
    return Bets(_alike(rows[0]), squares)


def _alike(row: dict[str, Any]) -> float:
    size = (row["n"], row["bets"], row["squares"])
    of_wins = Sums(*size, row["wins"], row["wins"], row["wins_between"])
    of_r = Sums(*size, row["sum_r"], row["sum_r_squared"], row["r_between"])
    return max(correlation(of_wins), correlation(of_r))
