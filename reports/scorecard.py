"""The scorecard of one week: does a higher confluence score win more often?"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec

from reports.evidence.pooling import WEEKS, pool
from reports.evidence.verdict import Counted, Verdict, judge
from reports.figures import Figures, figures
from reports.weeks import Week
from sink.db import Connection, rows_as_dicts
from sink.quality import Quality, quality
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "scorecard.sql")
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Bin(NamedTuple):
    """One bin of the confluence score.

    n: closed signals; wins: those with rr_realized > 0; sl: invalidated by their stop without a closure;
    open: neither closed nor invalidated; winrate = wins / n and winrate_all = wins / (n + sl), to three
    decimals, None when there is nothing to divide by.
    """

    label: str
    n: int
    wins: int
    sl: int
    open: int
    published: int
    winrate: Decimal | None
    winrate_all: Decimal | None


class Revision(NamedTuple):
    """A bin that changed after its week was reported: wins and n then, and now."""

    label: str
    then: tuple[int, int]
    now: tuple[int, int]


class Scorecard(NamedTuple):
    """All bins of a week, and what the data behind them lacks."""

    week: Week
    bins: list[Bin]
    #: the first pair (lower bin, higher bin) in which the higher one wins less often; None if there is none
    broken_by: tuple[Bin, Bin] | None
    quality: Quality
    symbols: list[str]
    rules_versions: list[str]
    #: what this week alone supports, and what it supports together with the weeks before it
    verdict: Verdict
    pooled: Verdict
    figures: Figures
    #: bins of the week before that are no longer as its report said
    revised: list[Revision]

    @property
    def monotonic_ok(self) -> bool:
        """Whether no non-empty bin wins less often than the non-empty bin before it."""
        return self.broken_by is None

    @property
    def still_open(self) -> int:
        """Signals of the week that are neither closed nor invalidated."""
        return sum(one.open for one in self.bins)

    @property
    def published(self) -> int:
        """Signals of the week."""
        return sum(one.published for one in self.bins)

    def bins_json(self) -> bytes:
        """The bins as `weekly_scorecard.bins` holds them: by label, all five."""
        return _ENCODER.encode(
            {
                one.label: {
                    "n": one.n,
                    "wins": one.wins,
                    "winrate": one.winrate,
                    "sl": one.sl,
                    "winrate_all": one.winrate_all,
                }
                for one in self.bins
            }
        )

    def quality_json(self) -> bytes:
        """The data quality as `weekly_scorecard.quality` holds it."""
        return _ENCODER.encode({**self.quality._asdict(), "still_open": self.still_open})


def compute(connection: Connection, week: Week) -> Scorecard:
    """Compute a week's scorecard from the stored events; stores nothing.

    Raises psycopg.Error when the database is away or not migrated.
    """
    span = {"since": week.since, "until": week.until}
    bins = _bins(connection, week)
    earlier = [_bins(connection, week.earlier(age)) for age in range(1, WEEKS)]
    origins = rows_as_dicts(connection, _SQL["origins"], span)[0]
    return Scorecard(
        week=week,
        bins=bins,
        broken_by=first_break(bins),
        quality=quality(connection, week.since, week.until),
        symbols=origins["symbols"],
        rules_versions=origins["rules_versions"],
        verdict=judge(_counted(bins)),
        pooled=judge(pool([_counted(one) for one in (bins, *earlier)])),
        figures=figures(connection, week),
        revised=_revised(connection, week.earlier(1), earlier[0]),
    )


def _bins(connection: Connection, week: Week) -> list[Bin]:
    span = {"since": week.since, "until": week.until}
    return [Bin(**row) for row in rows_as_dicts(connection, _SQL["bins"], span)]


def _counted(bins: list[Bin]) -> list[Counted]:
    return [Counted(one.label, one.wins, one.n) for one in bins]


def store(connection: Connection, card: Scorecard) -> None:
    """Write a scorecard to `weekly_scorecard`, replacing the one of the same week."""
    connection.execute(
        _SQL["store"],
        {
            "week_start": card.week.monday,
            "bins": card.bins_json().decode(),
            "monotonic_ok": card.monotonic_ok,
            "quality": card.quality_json().decode(),
        },
    )


def note_reported(connection: Connection, week: Week) -> None:
    """Note that the stored scorecard of a week is what its report says."""
    connection.execute(_SQL["note_reported"], {"week_start": week.monday})


def _revised(connection: Connection, week: Week, bins: list[Bin]) -> list[Revision]:
    row = connection.execute(_SQL["reported"], {"week_start": week.monday}).fetchone()
    if row is None:
        return []
    said = {label: (told["wins"], told["n"]) for label, told in row[0].items()}
    return [
        Revision(one.label, said[one.label], (one.wins, one.n))
        for one in bins
        if one.label in said and said[one.label] != (one.wins, one.n)
    ]


def first_break(bins: list[Bin]) -> tuple[Bin, Bin] | None:
    """The first pair of neighbouring non-empty bins whose winrate falls. Compared exactly, not as rounded."""
    filled = [one for one in bins if one.n]
    for lower, higher in pairwise(filled):
        if Fraction(higher.wins, higher.n) < Fraction(lower.wins, lower.n):
            return lower, higher
    return None
