"""The counts of a scorecard, each with the address of exactly the signals that it counts. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from reports.operations.shown import Bin, Figures, GroupShown, counts_as, detail, interval, winrate
from web.filters import Filters, hour_said, said

#: A group of fewer closed signals than this says nothing yet: it is shown grey.
ENOUGH = 10
#: Groups of a kind that a page shows, the largest: of thousands of symbols nobody reads all.
MOST_GROUPS = 30
_BY_NUMBER = ("hour", "weekday")


class Count(NamedTuple):
    """A number, and where the signals behind it are listed."""

    n: int
    address: str


class BinRow(NamedTuple):
    """A bin as a page shows it."""

    label: str
    winrate: str
    detail: str
    counts_as: str
    wins_of_n: tuple[int, int]
    interval: tuple[float, float] | None
    published: Count
    n: Count
    wins: Count
    sl: Count
    open: Count


class GroupRow(NamedTuple):
    """A group as a page shows it. value: as an address has it; few: too few to say anything."""

    kind: str
    name: str
    value: str
    closed: Count
    wins: Count
    expectancy: str
    few: bool


class Counts(NamedTuple):
    """All counts of a span."""

    published: Count
    closed: Count
    wins: Count
    open: Count
    sl: Count
    #: who told how they ended
    by_engine: Count
    by_ghost: Count
    bins: list[BinRow]
    groups: list[GroupRow]
    #: groups that are not shown
    more_groups: int


def counts_of(
    of: Filters, bins: Sequence[Bin], figures: Figures, groups: Sequence[GroupShown] = ()
) -> Counts:
    """The counts of a scorecard with their addresses. of: the signals that it counts; groups: the largest first."""
    shown = _largest(groups)
    return Counts(
        Count(figures.published, of.address),
        _count(of, "closed", figures.closed),
        _count(of, "won", figures.wins),
        _count(of, "open", sum(one.open for one in bins)),
        _count(of, "sl", sum(one.sl for one in bins)),
        Count(figures.by_engine, of._replace(outcome_from="engine").address),
        Count(figures.by_ghost, of._replace(outcome_from="ghost").address),
        [_bin(of._replace(bin=number), one) for number, one in enumerate(bins)],
        [_group(of, one) for one in shown],
        len(groups) - len(shown),
    )


def _largest(groups: Sequence[GroupShown]) -> list[GroupShown]:
    of_kind: dict[str, list[GroupShown]] = defaultdict(list)
    for one in groups:
        of_kind[one.kind].append(one)
    return [one for some in of_kind.values() for one in some[:MOST_GROUPS]]


def _count(filters: Filters, outcome: str, n: int) -> Count:
    return Count(n, filters._replace(outcome=outcome).address)


def _bin(filters: Filters, one: Bin) -> BinRow:
    return BinRow(
        one.label,
        winrate(one),
        detail(one),
        counts_as(one),
        (one.wins, one.n),
        interval(one),
        Count(one.published, filters.address),
        _count(filters, "closed", one.n),
        _count(filters, "won", one.wins),
        _count(filters, "sl", one.sl),
        _count(filters, "open", one.open),
    )


def _group(of: Filters, one: GroupShown) -> GroupRow:
    by: dict[str, Any] = {one.kind: int(one.name) if one.kind in _BY_NUMBER else one.name}
    filters = of._replace(**by)
    return GroupRow(
        one.kind,
        hour_said(int(one.name)) if one.kind == "hour" else said(filters)[one.kind],
        said(filters)[one.kind],
        _count(filters, "closed", one.closed),
        _count(filters, "won", one.wins),
        one.expectancy,
        one.closed < ENOUGH,
    )
