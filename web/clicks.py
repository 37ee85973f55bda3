"""What clicks on alerts were worth, each count with the address of exactly the signals that it counts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reports.operations.clicked import ClickedShown, HeldShown, SetupShown, VoteShown
from web.counting import ENOUGH, Count
from web.filters import Filters


class VoteRow(NamedTuple):
    """Closed signals with a vote."""

    name: str
    closed: Count
    wins: Count
    winrate: str
    few: bool


class SetupRow(NamedTuple):
    """A setup in the week, and with each vote."""

    name: str
    closed: Count
    winrate: str
    votes: Sequence[VoteRow]
    few: bool


class HeldRow(NamedTuple):
    """What was held back for a reason."""

    reason: str
    held: Count
    closed: Count
    wins: Count
    worth: str


class Clicks(NamedTuple):
    """All that a page shows of them."""

    lines: Sequence[str]
    votes: list[VoteRow]
    setups: list[SetupRow]
    held: list[HeldRow]


def clicks_of(week: Filters, shown: ClickedShown) -> Clicks:
    """The counts with their addresses. week: its signals; votes and what was held are of the weeks before, too."""
    weeks = week._replace(since=shown.first, until=shown.last)
    return Clicks(
        shown.lines,
        [_vote(weeks, one) for one in shown.votes],
        [_setup(week._replace(setup=one.name), one) for one in shown.setups],
        [_held(weeks._replace(held=one.reason), one) for one in shown.held],
    )


def _vote(of: Filters, one: VoteShown) -> VoteRow:
    voted = of._replace(vote=one.vote)
    return VoteRow(one.name, *_closed(voted, one.closed, one.wins), one.winrate, one.closed < ENOUGH)


def _setup(of: Filters, one: SetupShown) -> SetupRow:
    closed, _ = _closed(of, one.closed, one.wins)
    return SetupRow(
        one.name, closed, one.winrate, [_vote(of, vote) for vote in one.votes], one.closed < ENOUGH
    )


def _held(of: Filters, one: HeldShown) -> HeldRow:
    return HeldRow(one.reason, Count(one.held, of.address), *_closed(of, one.closed, one.wins), one.worth)


def _closed(of: Filters, closed: int, wins: int) -> tuple[Count, Count]:
    return Count(closed, of._replace(outcome="closed").address), Count(
        wins, of._replace(outcome="won").address
    )
