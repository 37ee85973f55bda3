"""The scorecard of one week: does a higher confluence score win more often?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec

from reports.bets import ALONE, Bets, bets_of
from reports.budgets import ErrorBudget, budgets
from reports.chosen import ALL, Chosen, Days
from reports.delays import Delay, delays
from reports.evidence.pooling import WEEKS, pool
from reports.evidence.statistics import wilson_interval
from reports.evidence.verdict import Z_LIMIT, Counted, Kind, ScoreVerdict, judge, more_signals
from reports.feedback.found import Feedback, feedback_of, pooled_days
from reports.figures import Expectancy, Figures, expectancy, figures
from reports.layers.known import Layers, layers_of
from reports.layers.rules import Rules
from reports.targets import Targets, targets
from reports.weeks import Week
from signaltape.settings import Settings
from sink.db import Connection, rows_as_dicts, snapshot
from sink.quality import Quality, quality
from sink.queries import load
from sink.sealing.seals import Sealed
from sink.sealing.stored import sealed_through

_SQL = load(Path(__file__).parent / "sql" / "scorecard.sql")
#: Default of SIGNALTAPE_ROUND_TRIP_PCT.
ROUND_TRIP_PCT = Settings().round_trip_pct
_ENCODER = msgspec.json.Encoder(decimal_format="number")
#: What belongs to no signal (an orphan, a dead letter) is of no part of them.
_NOTHING_LACKS = Quality(0, 0, 0, 0)


class Bin(NamedTuple):
    """One bin of the confluence score.

    n: closed signals; wins: those with rr_realized > 0; sl: invalidated by their stop without a closure;
    open: neither closed nor invalidated; winrate = wins / n and winrate_all = wins / (n + sl), to three
    decimals, None when there is nothing to divide by.

    wins_at_best: wins had every tie (`rr_best`) gone the other way. Net of a round trip, for the n_net closed
    signals whose cost is known: wins_net, mean net_r, and break_even, the winrate that neither wins nor loses:
    (1 + cost) / (1 + target), in R.
    """

    label: str
    n: int
    wins: int
    sl: int
    open: int
    published: int
    winrate: Decimal | None
    winrate_all: Decimal | None
    wins_at_best: int = 0
    sum_r: Decimal | None = None
    sum_r_squared: Decimal | None = None
    n_net: int = 0
    wins_net: int = 0
    net_r: Decimal | None = None
    break_even: Decimal | None = None
    #: as so many independent ones the closed count (see `reports.bets`)
    counts_as: float | None = None

    @property
    def known(self) -> float:
        """As how many the closed count; each for itself if nothing else is known."""
        return self.n if self.counts_as is None else self.counts_as

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the winrate, of as many as they count."""
        return wilson_interval(self.wins / self.n * self.known if self.n else 0, self.known)

    @property
    def expectancy(self) -> Expectancy | None:
        """The mean outcome of its closed signals in R; None if there is none."""
        if self.sum_r is None or self.sum_r_squared is None:
            return None
        return expectancy(self.n, self.sum_r, self.sum_r_squared, self.known)


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
    verdict: ScoreVerdict
    pooled: ScoreVerdict
    #: the bins of these weeks as one, older weeks weighing less; n is the effective size
    pooled_bins: list[Counted]
    figures: Figures
    #: the figures of the week before
    before: Figures
    layers: Layers
    #: bins of the week before that are no longer as its report said
    revised: list[Revision]
    feedback: Feedback | None = None
    #: of all signals that ended, then group by group
    targets: Sequence[Targets] = ()
    #: what was closed in the pooled weeks, by how long it waited for its entry
    delays: Sequence[Delay] = ()
    #: of the engine itself; none without a guard
    budgets: Sequence[ErrorBudget] = ()
    #: how alike outcomes of one bet are, 0 to 1
    alike: float = 0.0
    #: up to where the record is sealed (docs/sealed.md); None if it is not, and of a part of the signals
    sealed: Sealed | None = None

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


def compute(
    connection: Connection, week: Week, round_trip_pct: float = ROUND_TRIP_PCT, chosen: Chosen = ALL
) -> Scorecard:
    """Compute a week's scorecard from the stored events, all as of one moment; stores nothing.

    round_trip_pct: what opening and closing a position costs, in percent of its value; chosen: count these signals
    only. Of a part of the signals nothing is proposed, and what belongs to no signal is left out.
    Raises psycopg.Error when the database is away or not migrated.
    """
    with snapshot(connection):
        set_costs(connection, round_trip_pct)
        return _compute(connection, week, chosen)


def set_costs(connection: Connection, round_trip_pct: float) -> None:
    """What a round trip costs, until the end of the transaction."""
    connection.execute(_SQL["costs"], {"round_trip_pct": str(round_trip_pct)})


def _compute(connection: Connection, week: Week, chosen: Chosen) -> Scorecard:
    weeks = [week.earlier(age) for age in range(WEEKS)]
    bets = bets_of(connection, weeks, chosen)
    bins, *earlier = (bins_of(connection, one, chosen, bets, age) for age, one in enumerate(weeks))
    pooled_bins = pool([_counted(one) for one in (bins, *earlier)])
    as_if_each = pool([[Counted(one.label, one.wins, one.n) for one in some] for some in (bins, *earlier)])
    origins = rows_as_dicts(connection, _SQL["origins"], chosen.within(week))[0]
    whole = chosen == ALL
    return Scorecard(
        week=week,
        bins=bins,
        broken_by=first_break(bins),
        quality=quality(connection, week.since, week.until) if whole else _NOTHING_LACKS,
        symbols=origins["symbols"],
        rules_versions=origins["rules_versions"],
        verdict=judged(bins),
        pooled=_at_both_ends(
            more_signals(judge(pooled_bins), pooled_bins, as_if_each),
            judge(pool([_counted(one, best=True) for one in (bins, *earlier)])),
        ),
        pooled_bins=pooled_bins,
        figures=figures(connection, week, chosen, bets.alike),
        before=figures(connection, week.earlier(1), chosen, bets.alike),
        layers=layers_of(connection, week, chosen),
        revised=_revised(connection, week.earlier(1), earlier[0]) if whole else [],
        feedback=feedback_of(connection, week) if whole else None,
        targets=targets(connection, week, chosen),
        delays=delays(connection, pooled_days(week), chosen),
        budgets=budgets(connection, week) if whole else (),
        alike=bets.alike,
        sealed=sealed_through(connection) if whole else None,
    )


def judged(bins: list[Bin]) -> ScoreVerdict:
    """What these bins alone support."""
    counted = _counted(bins)
    found = more_signals(judge(counted), counted, [Counted(one.label, one.wins, one.n) for one in bins])
    return _at_both_ends(found, judge(_counted(bins, best=True)))


def _at_both_ends(stop_first: ScoreVerdict, target_first: ScoreVerdict) -> ScoreVerdict:
    """A verdict that depends on how ties within a candle are told is none; nor is one whose reason does."""
    if stop_first.kind is Kind.NOT_ENOUGH_DATA:
        return stop_first
    if stop_first.kind is target_first.kind:
        if stop_first.kind is Kind.OK or _same_pair(stop_first, target_first):
            return stop_first
        if max(stop_first.trend, target_first.trend) < -Z_LIMIT:  # the winrate falls at both ends
            return stop_first._replace(falls_in_one_pair=False)
    return stop_first._replace(kind=Kind.NOT_ENOUGH_DATA, falls_in_one_pair=False)


def _same_pair(one: ScoreVerdict, other: ScoreVerdict) -> bool:
    """Whether both are broken by the same pair of bins, or both by none alone."""
    if not (one.falls_in_one_pair and other.falls_in_one_pair):
        return one.falls_in_one_pair is other.falls_in_one_pair
    return one.worst is not None and other.worst is not None and one.worst[:2] == other.worst[:2]


def bins_of(
    connection: Connection, days: Week | Days, chosen: Chosen = ALL, bets: Bets = ALONE, span: int = 0
) -> list[Bin]:
    """Every bin of a week, or of other days. span: the place of these among those of the bets. Raises psycopg.Error."""
    rows = enumerate(rows_as_dicts(connection, _SQL["bins"], chosen.within(days)))
    return [Bin(**row, counts_as=bets.counts_as(span, number, row["n"])) for number, row in rows]


def _counted(bins: list[Bin], *, best: bool = False) -> list[Counted]:
    """Both divided by the design effect (Rao & Scott): as many as they know."""
    return [
        Counted(
            one.label, (one.wins_at_best if best else one.wins) / one.n * one.known if one.n else 0, one.known
        )
        for one in bins
    ]


def store(connection: Connection, card: Scorecard, now: datetime) -> None:
    """Write a scorecard to `weekly_scorecard`, replacing the one of the same week.

    Once the week is over, its proposal of weights goes to `rules_versions` too.
    """
    connection.execute(
        _SQL["store"],
        {
            "week_start": card.week.monday,
            "bins": card.bins_json().decode(),
            "monotonic_ok": card.monotonic_ok,
            "quality": card.quality_json().decode(),
        },
    )
    if now >= card.week.report_due and not card.layers.failed:
        Rules(connection).store(card.week, card.layers.proposal, card.layers.findings)


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
