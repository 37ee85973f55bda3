"""What clicks on alerts were worth, as a page shows it beside sentences: votes, setups, what was held back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from reports.feedback.found import Feedback, Setup, Side, pooled_days
from reports.operations.scorecards import Computed
from reports.text import feedback as words
from reports.text.numbers import ratio
from reports.text.sentences import show_rate


class VoteShown(NamedTuple):
    """Closed signals with a vote, by the word of a search (up, down, took, skipped) and the name of its button."""

    vote: str
    name: str
    closed: int
    wins: int
    winrate: str


class SetupShown(NamedTuple):
    """Closed signals of a setup in the week, and those with each vote."""

    name: str
    closed: int
    wins: int
    winrate: str
    votes: Sequence[VoteShown]


class HeldShown(NamedTuple):
    """Signals of which no alert was sent, and what the closed ones of them were worth, in words."""

    reason: str
    held: int
    closed: int
    wins: int
    worth: str


class ClickedShown(NamedTuple):
    """first, last: days of the pooled weeks, of which votes and held are; lines: what the tables do not say."""

    lines: Sequence[str]
    first: date
    last: date
    votes: Sequence[VoteShown]
    setups: Sequence[SetupShown]
    held: Sequence[HeldShown]


def clicked(found: Computed) -> ClickedShown | None:
    """What a scorecard knows of clicks; None if there were neither alerts nor clicks, or of a part of the signals."""
    said = found.card.feedback
    if said is None:
        return None
    days = pooled_days(found.card.week)
    lines = [
        words.coverage_line(said),
        *words.thumb_lines(said),
        *words.took_lines(said),
        *words.late_lines(said),
        *words.road_lines(said),
    ]
    return ClickedShown(
        lines, days.first, days.last, _votes(*_sides(said)), [_setup(one) for one in said.setups], _held(said)
    )


def _sides(said: Feedback) -> tuple[Side, Side, Side, Side]:
    thumb, took = said.thumb, said.took
    return (
        Side(thumb.n, thumb.wins),
        Side(thumb.other_n, thumb.other_wins),
        Side(took.n, took.wins),
        Side(took.other_n, took.other_wins),
    )


def _votes(*sides: Side) -> list[VoteShown]:
    named = zip(("up", "down", "took", "skipped"), ("👍", "👎", "Took", "Skipped"), sides, strict=True)
    return [
        VoteShown(vote, name, one.closed, one.wins, _winrate(one.wins, one.closed))
        for vote, name, one in named
    ]


def _setup(one: Setup) -> SetupShown:
    votes = _votes(one.up, one.down, one.took, one.skipped)
    return SetupShown(one.name, one.closed, one.wins, _winrate(one.wins, one.closed), votes)


def _held(said: Feedback) -> list[HeldShown]:
    by_reason = [HeldShown(*one[:4], words.held_worth(one)) for one in said.held]
    if said.road is None:
        return by_reason
    return [*by_reason, HeldShown(*said.road[:4], words.held_sum(said.road))]


def _winrate(wins: int, n: int) -> str:
    return show_rate(ratio(wins, n))
