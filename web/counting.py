"""The counts of a scorecard, each with the address of exactly the signals that it counts. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from reports.operations.shown import Bin, Computed, GroupShown, Week, detail, groups, interval, winrate
from web.signals import Filters

#: A group of fewer closed signals than this says nothing yet: it is shown grey.
ENOUGH = 10


class Count(NamedTuple):
    """A number, and where the signals behind it are listed."""

    n: int
    address: str


class BinRow(NamedTuple):
    """A bin as a page shows it."""

    label: str
    winrate: str
    detail: str
    wins_of_n: tuple[int, int]
    interval: tuple[float, float] | None
    published: Count
    n: Count
    wins: Count
    sl: Count
    open: Count


class GroupRow(NamedTuple):
    """A group as a page shows it. few: too few to say anything."""

    kind: str
    name: str
    closed: Count
    wins: Count
    expectancy: str
    few: bool


class Counts(NamedTuple):
    """All counts of a week."""

    published: Count
    closed: Count
    wins: Count
    open: Count
    sl: Count
    bins: list[BinRow]
    groups: list[GroupRow]


def counts_of(found: Computed) -> Counts:
    """The counts of a scorecard with their addresses."""
    card, week = found.card, _of_week(found.card.week)
    return Counts(
        Count(card.published, week.address),
        _count(week, "closed", card.figures.closed),
        _count(week, "won", card.figures.wins),
        _count(week, "open", card.still_open),
        _count(week, "sl", sum(one.sl for one in card.bins)),
        [_bin(week._replace(bin=number), one) for number, one in enumerate(card.bins)],
        [_group(week, one) for one in groups(found)],
    )


def _of_week(week: Week) -> Filters:
    return Filters(since=week.monday, until=week.sunday)


def _count(filters: Filters, outcome: str, n: int) -> Count:
    return Count(n, filters._replace(outcome=outcome).address)


def _bin(filters: Filters, one: Bin) -> BinRow:
    return BinRow(
        one.label,
        winrate(one),
        detail(one),
        (one.wins, one.n),
        interval(one),
        Count(one.published, filters.address),
        _count(filters, "closed", one.n),
        _count(filters, "won", one.wins),
        _count(filters, "sl", one.sl),
        _count(filters, "open", one.open),
    )


def _group(week: Filters, one: GroupShown) -> GroupRow:
    by: dict[str, Any] = {one.kind: one.name}
    filters = week._replace(**by)
    return GroupRow(
        one.kind,
        one.name,
        _count(filters, "closed", one.closed),
        _count(filters, "won", one.wins),
        one.expectancy,
        one.closed < ENOUGH,
    )
