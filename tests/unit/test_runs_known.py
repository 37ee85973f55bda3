"""What is said of a replay never goes beyond what is known of it: identical, different, or that it cannot be said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from replay.comparing import runs
from replay.comparing.judging import Judged, judge
from replay.comparing.matching import Happening
from replay.comparing.runs import Began, Ended, Entry, Fed, Kept, known
from signaltape.replay.player import PlayerStatus
from signaltape.replay.under_way import Feed
from tests.unit.test_replay_compared import NOON, one

TEN = [one("published", minute, f"s{minute}", minute, rr=1) for minute in range(10)]
OTHER = [one("published", minute, f"s{minute}", minute, rr=2) for minute in range(10)]
RUN, STARTED = b"run", datetime(2022, 2, 1, tzinfo=UTC)
BY_A_FEED, BY_THE_STREAM = Began(RUN, "feed", STARTED), Began(RUN, "", STARTED)
ALONE = Fed(NOON)
DONE = Ended(10, closed=True, whole=True)


def at(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


def played(index: int = 10, jumps: int = 0) -> PlayerStatus:
    return PlayerStatus(
        session_id="s",
        running=False,
        paused=False,
        current_event_index=index,
        total_events=10,
        started_at=STARTED - timedelta(hours=1),
        last_event_timestamp=None,
        speed_factor=None,
        jumps=jumps,
    )


def kept(
    happenings: Iterable[Happening],
    *ended: Ended,
    began: Began | None = BY_A_FEED,
    first: int = 0,
    **more: Any,
) -> Kept:
    entries = [Entry(RUN, number, happening) for number, happening in enumerate(happenings, first)]
    return Kept(entries, began, {RUN: ended}, **more)


def said(kept: Kept, fed: Fed = ALONE, within_s: float = 0, recorded: Sequence[Happening] = TEN) -> Judged:
    def _up_to(until: datetime | None) -> list[Happening]:
        return [event for event in recorded if until is None or event.ts <= until]

    return judge(_up_to, known(kept, fed), timedelta(seconds=within_s))


class Case(NamedTuple):
    """A run that is no more than partly known, or not at all; and how much of it is the same as recorded."""

    kept: Kept
    why: str
    same: int
    fed: Fed = ALONE


STREAM = Fed(NOON, status=played())
CASES = {
    "killed": Case(kept(TEN[:5]), runs.RUNNING, 5),
    "not closed": Case(kept(TEN, Ended(10, whole=True)), runs.NOT_DONE, 10),
    "emitted after its end": Case(kept(TEN, Ended(9, closed=True, whole=True)), runs.NOT_DONE, 10),
    "cut, then stopped far behind": Case(
        kept(TEN[:3], Ended(8, closed=True, whole=False, reached=at(7)), cut=frozenset({RUN})),
        runs.TOO_LONG,
        3,
    ),
    "the tail was lost": Case(kept(TEN[:6], DONE), "4 events were emitted and not kept", 6),
    "stopped": Case(kept(TEN[:5], Ended(5, closed=True, whole=False, reached=at(4))), runs.STOPPED, 5),
    "stopped before anything": Case(kept([], Ended(0, closed=True, whole=False)), runs.STOPPED, 0),
    "flushed": Case(kept(TEN[6:], DONE, began=None, first=6), runs.NO_BEGINNING, 4, STREAM),
    "sought": Case(kept(TEN[5:], Ended(5, closed=True, whole=True, jumped=True)), runs.JUMPED, 5),
    "by the stream, died": Case(kept(TEN[:3], began=BY_THE_STREAM), runs.NOT_DONE, 3, STREAM),
    "by the stream, fell silent": Case(
        kept(TEN[:3], Ended(3, closed=True), began=BY_THE_STREAM),
        "the engine emitted nothing after",
        3,
        STREAM,
    ),
    "by the stream, silent from the first": Case(
        kept([], Ended(0, closed=True), began=BY_THE_STREAM), runs.NOTHING, 0, STREAM
    ),
    "by the stream, which emptied what the engine began": Case(
        kept(TEN[:9], began=None), runs.NOT_DONE, 9, STREAM
    ),
    "by the stream, stopped": Case(
        kept(TEN[:6], Ended(6, closed=True), began=BY_THE_STREAM),
        runs.STOPPED,
        6,
        Fed(NOON, status=played(6)),
    ),
    "by the stream, not yet played": Case(kept(TEN, DONE, began=BY_THE_STREAM), runs.NOT_PLAYED, 10),
    "by the stream, still played": Case(
        kept(TEN, DONE, began=BY_THE_STREAM), runs.RUNNING, 10, Fed(NOON, status=played(), runs=True)
    ),
    "by the stream, looped": Case(
        kept(TEN, DONE, began=BY_THE_STREAM), runs.JUMPED, 10, Fed(NOON, status=played(jumps=1))
    ),
    "a later feed of which nothing was kept": Case(
        kept(TEN, DONE),
        "of a later replay nothing was kept",
        10,
        Fed(NOON, feed=Feed("other", STARTED + timedelta(seconds=1))),
    ),
    "looped by the engine itself": Case(
        kept([*TEN, OTHER[0]], Ended(11, closed=True), began=BY_THE_STREAM), runs.TWICE, 10, STREAM
    ),
    "begun before a feed, and what it said of that is gone": Case(
        kept(TEN, DONE, began=None), runs.LATER, 10, STREAM._replace(feed=Feed("f", STARTED))
    ),
    "two processes": Case(
        Kept([Entry(b"other", 0, TEN[0]), *kept(TEN[1:]).entries], BY_A_FEED, {RUN: [Ended(9, closed=True)]}),
        "2 processes emitted",
        10,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_of_what_is_not_known_whole_nothing_is_claimed(name: str) -> None:
    case = CASES[name]
    found = said(case.kept, case.fed)
    assert (found.verdict, found.found.events.same) == ("unknown", case.same)
    assert (found.why or "").startswith(case.why)


@pytest.mark.parametrize(
    ("whole", "fed"),
    [
        (kept(TEN, DONE), Fed(NOON)),
        (kept(TEN, Ended(10, whole=True), DONE), Fed(NOON, status=played(3, jumps=1))),
        (kept(TEN, DONE), Fed(NOON, feed=Feed("feed", STARTED))),
        (kept(TEN, DONE), Fed(NOON, feed=Feed("earlier", STARTED - timedelta(days=1)))),
        (kept(TEN, Ended(10, closed=True), began=BY_THE_STREAM), STREAM),
        (kept(TEN, Ended(10, closed=True), began=None), STREAM),
        (
            kept(TEN, Ended(10, closed=True), began=None),
            STREAM._replace(feed=Feed("earlier", STARTED - timedelta(days=1))),
        ),
        (kept([*TEN, TEN[0]], Ended(11, closed=True), began=BY_THE_STREAM), STREAM),
    ],
)
def test_what_is_known_whole_is_identical(whole: Kept, fed: Fed) -> None:
    assert said(whole, fed).verdict == "identical"
    assert said(whole, fed, recorded=OTHER).verdict == "different"


def test_an_end_between_two_events_numbers_itself() -> None:
    entries = [Entry(RUN, number, TEN[number - (number > 4)]) for number in range(11) if number != 4]
    ends = {RUN: [Ended(4, whole=True), Ended(11, closed=True, whole=True)]}
    assert said(Kept(entries, BY_A_FEED, ends)).verdict == "identical"


@pytest.mark.parametrize("name", ["killed", "cut, then stopped far behind", "the tail was lost", "stopped"])
def test_a_difference_before_the_end_of_what_is_known_is_one(name: str) -> None:
    case = CASES[name]
    assert said(case.kept, case.fed, recorded=OTHER).verdict == "different"
    assert said(case.kept, case.fed, recorded=TEN[1:]).verdict == "different"


@pytest.mark.parametrize(
    "name", ["flushed", "sought", "two processes", "a later feed of which nothing was kept"]
)
def test_where_nothing_is_sure_no_difference_is_one(name: str) -> None:
    case = CASES[name]
    assert said(case.kept, case.fed, recorded=OTHER).verdict == "unknown"


def test_a_replay_that_ends_between_two_events_of_a_minute_has_lost_neither() -> None:
    twins = [event for minute in range(10) for event in (TEN[minute], one("published", minute, f"b{minute}"))]
    ends = Ended(9, closed=True, whole=False, reached=at(4))
    assert said(kept(twins[:9], ends), recorded=twins).verdict == "unknown"
    assert said(kept(twins[:9]), recorded=twins).verdict == "unknown"


def test_at_the_end_times_may_differ_too() -> None:
    late = [one("published", minute + 1 / 300, f"s{minute}", minute, rr=1) for minute in range(10)]
    ends = Ended(5, closed=True, whole=False, reached=at(4))
    assert said(kept(TEN[:5], ends), within_s=0.5, recorded=late).verdict == "unknown"
    assert said(kept(late[:5], ends), within_s=0.5).verdict == "unknown"


def test_where_events_are_not_in_the_order_of_time_a_part_proves_nothing() -> None:
    shuffled = [TEN[9], *TEN[:4]]
    found = said(kept(shuffled))
    assert (found.verdict, found.sure) == ("unknown", False)
