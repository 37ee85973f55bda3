"""What a scorecard counts, of any days and any of their signals: to be laid beside another."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from reports.bets import bets_of
from reports.chosen import Chosen, Days
from reports.evidence.verdict import ScoreVerdict
from reports.figures import Figures, figures
from reports.scorecard import Bin, bins_of, judged, set_costs
from sink.db import Connection, snapshot
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "slices.sql")


class Slice(NamedTuple):
    """Bins and figures of the chosen signals of some days, and what these bins alone support."""

    days: Days
    chosen: Chosen
    bins: list[Bin]
    figures: Figures
    verdict: ScoreVerdict


def cut(connection: Connection, days: Days, chosen: Chosen, round_trip_pct: float) -> Slice:
    """Compute it, all as of one moment. Raises psycopg.Error."""
    with snapshot(connection):
        set_costs(connection, round_trip_pct)
        bets = bets_of(connection, [days], chosen)
        bins = bins_of(connection, days, chosen, bets)
        return Slice(days, chosen, bins, figures(connection, days, chosen, bets.alike), judged(bins))


def newest_of(connection: Connection, version: str) -> datetime | None:
    """When the newest signal of a rules version was published; None if there is none. Raises psycopg.Error."""
    row = connection.execute(_SQL["newest_of_rules"], {"version": version}).fetchone()
    return row[0] if row else None
