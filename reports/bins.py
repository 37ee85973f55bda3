"""The bins of the confluence score, as Postgres declares them: for scores that are stored nowhere."""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from sink.db import Connection
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "bins.sql")


class Bins(NamedTuple):
    """edges: the lower edge of every bin but the first, inclusive; labels: what each is called, the lowest first."""

    edges: tuple[Decimal, ...]
    labels: tuple[str, ...]

    def place(self, score: Decimal) -> int:
        """The number of the bin that holds a score, from 0 on; on the exact score, as `score_bin()` in Postgres."""
        return bisect_right(self.edges, score)


def read_bins(connection: Connection) -> Bins:
    """The bins that Postgres declares (`score_edges()`, `score_labels()`). Raises psycopg.Error."""
    row = connection.execute(_SQL["bins"]).fetchone()
    assert row is not None  # two functions without arguments
    return Bins(tuple(row[0]), tuple(row[1]))
