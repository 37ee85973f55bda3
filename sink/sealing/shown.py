"""What sealing and verifying say at a terminal."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from signaltape.terminal import NOTHING_TO_DO, Screen, left, right
from sink.sealing.found import Altered, Verified, counted
from sink.sealing.walking import MOST_WRONG

_MOST_DAYS = 10


class Sealing(Protocol):
    """What a call has sealed."""

    @property
    def days(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def through(self) -> date | None: ...
    @property
    def digest(self) -> str | None: ...


def show_sealed(screen: Screen, done: Sealing) -> None:
    """Print what was sealed now."""
    if done.through is None:
        screen.say("nothing is over that could be sealed")
        return
    screen.say(
        f"sealed {done.rows} rows of {done.days} days" if done.days else "all was sealed already", "good"
    )
    screen.block([("through", done.through), ("digest", done.digest)])
    screen.next(
        "keep the digest where nobody can write who writes here; python -m sink verify --expect DIGEST"
    )


def show_verified(screen: Screen, found: Verified) -> None:
    """Print what was found, the answer first."""
    screen.say(found.headline, "good" if found.intact else "bad")
    days = sorted({one.day for one in found.altered})
    screen.table(
        (left("altered"), right("rows"), left("what")),
        [_of_day(day, [one for one in found.altered if one.day == day]) for day in days[:_MOST_DAYS]],
    )
    screen.gap()
    screen.block(
        [
            ("sealed", f"{found.since} to {found.through}" if found.through else None),
            ("digest", found.digest),
            ("rows", found.rows),
            ("purged", found.purged),
            ("came late", _late(found)),
            *([("expected", _expected(found))] if found.expected is not None else []),
            *([("more", f"{len(days) - _MOST_DAYS} days; --json has all")] if len(days) > _MOST_DAYS else []),
        ]
    )
    screen.next(_next(found))


def _of_day(day: date, altered: list[Altered]) -> tuple[object, ...]:
    rows = sum(one.signal_id is not None for one in altered)
    return day, counted(rows), ", ".join(sorted({one.what for one in altered}))


def _late(found: Verified) -> str:
    waiting = f", {found.waiting} wait for the next seal" if found.waiting else ""
    return f"{found.late}{waiting}"


def _expected(found: Verified) -> str:
    assert found.expected is not None
    return f"the digest of {found.expected.day}" if found.expected.day else "no seal has this digest"


def _next(found: Verified) -> str:
    if found.altered:
        return f"python -m sink verify --json names up to {MOST_WRONG} rows a day; compare with a backup"
    if found.through is None:
        return "python -m sink seal seals the days that are over"
    if found.expected is None:
        return "with --expect DIGEST, from a report, it is sure that this is the record of then"
    return NOTHING_TO_DO if found.intact else "look at the digests of other reports, and at a backup"
