"""What can be known of an engine's run from what is kept of it: all, its beginning, or nothing for sure. Pure.

A run numbers what its engine emits from 0, kept or not, and its end says how many there were. So what is there from 0
on without a gap is known, and nothing besides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import count, pairwise
from typing import NamedTuple

from msgspec import Struct

from replay.comparing.matching import Happening
from replay.comparing.values import differences
from signaltape.clock import show
from signaltape.replay.player import PlayerStatus
from signaltape.replay.under_way import Feed

RUNNING = "the replay has not ended (or it died)"
STOPPED = "the replay was stopped"
NOT_DONE = "the engine has not closed its Emitter (or it died)"
TOO_LONG = "the replay was too long to be kept whole"
NOT_PLAYED = "the session was not played to its end"
JUMPED = "a part of it was played again or passed over (seek, loop)"
NO_BEGINNING = "its beginning is missing: lost by Redis, or the engine was not started anew"
LATER = "of a later replay nothing was kept (see the engine's log)"
TWICE = "an event of a signal came twice, with different data"
NOTHING = "the engine emitted nothing"
OUT_OF_ORDER = "and what is there is not in the order of time"


class Entry(NamedTuple):
    """An event of an engine. number: in its run, -1 if it has none; happening: None if it breaks the contract."""

    run: bytes
    number: int
    happening: Happening | None


class Began(NamedTuple):
    """A run began. feed: what fed it; empty: its engine reads the session's stream, or does not say."""

    run: bytes
    feed: str
    at: datetime


class Ended(Struct):
    """A run is over: as far as the feed goes, and closed: for good. whole, reached, jumped: of the feed."""

    emitted: int
    closed: bool = False
    whole: bool | None = None
    reached: datetime | None = None
    jumped: bool = False


class Kept(NamedTuple):
    """All that is kept of a session: events in order of the stream, each once; the newest run that began."""

    entries: Sequence[Entry]
    began: Began | None = None
    ended: Mapping[bytes, Sequence[Ended]] = {}
    cut: frozenset[bytes] = frozenset()
    bad: Sequence[str] = ()


class Fed(NamedTuple):
    """What a session's folder says. since: where it begins; status, runs: of its replay as a stream."""

    since: datetime
    feed: Feed | None = None
    status: PlayerStatus | None = None
    runs: bool = False


class Known(NamedTuple):
    """A run as far as it is known.

    why: why it is not known whole, in words; None if it is. until: up to when it is known; None: to the end, or no
    difference is one for sure (sure is False). tail: of an engine that reads the stream, when it emitted last; it may
    not have read what lies behind, so a whole run that differs is known no further, and `tail_why` says so.
    """

    happenings: Sequence[Happening]
    began: datetime | None
    why: str | None = None
    until: datetime | None = None
    sure: bool = True
    tail: datetime | None = None
    tail_why: str = ""


class _Run(NamedTuple):
    """One run: its events by number, what it said of its end, and how many numbers from 0 on are there."""

    events: dict[int, Happening | None]
    ends: Sequence[Ended]
    there: int

    @property
    def missing(self) -> int:
        """How many numbers are not there."""
        numbers = self.events.keys() | {one.emitted for one in self.ends}
        return max(numbers, default=-1) + 1 - len(numbers)

    @property
    def is_done(self) -> bool:
        """Whether nothing comes any more."""
        return (
            bool(self.ends) and self.ends[-1].closed and self.ends[-1].emitted > max(self.events, default=-1)
        )

    @property
    def known(self) -> list[Happening]:
        """In the order in which they were emitted."""
        return [one for n, one in sorted(self.events.items()) if n < self.there and one is not None]


def known(kept: Kept, fed: Fed) -> Known:
    """Judge what is kept."""
    runs = {one.run for one in kept.entries}
    mine = kept.began.run if kept.began is not None else next(iter(runs), b"")
    run = _run(kept, mine)
    began = None if kept.began is None else kept.began.at
    doubt = _doubt(kept, fed, run, len(runs | {mine}))
    if doubt is not None:
        return Known(_in_time(one.happening for one in kept.entries), began, doubt, sure=False)
    why, events = _why(run, fed, cut=mine in kept.cut, feed=_feed(kept)), run.known
    ordered = all(one.ts <= other.ts for one, other in pairwise(events))
    last = events[-1].ts if events and ordered else fed.since
    if why is None:
        whole = Known(_in_time(events), began)
        return whole if _feed(kept) else whole._replace(tail=last, tail_why=_tail_why(last, ordered=ordered))
    if why == STOPPED and _feed(kept):
        return Known(_in_time(events), began, why, run.ends[-1].reached or fed.since)
    if not ordered:
        return Known(_in_time(events), began, f"{why}, {OUT_OF_ORDER}", sure=False)
    return Known(events, began, why, last)


def _tail_why(last: datetime, *, ordered: bool) -> str:
    if not ordered:
        return f"the engine may not have read to the end, {OUT_OF_ORDER}"
    return f"the engine emitted nothing after {show(last)}: it may not have read so far"


def _run(kept: Kept, mine: bytes) -> _Run:
    place, events = count(), dict[int, Happening | None]()
    for one in kept.entries:
        if one.run == mine:
            events.setdefault(one.number if one.number >= 0 else next(place), one.happening)
    ends = kept.ended.get(mine, ())
    there = events.keys() | {one.emitted for one in ends}
    return _Run(events, ends, next(number for number in count() if number not in there))


def _feed(kept: Kept) -> str:
    return "" if kept.began is None else kept.began.feed


def _doubt(kept: Kept, fed: Fed, run: _Run, runs: int) -> str | None:
    """Why no difference is one for sure; None if there is no such reason."""
    if not run.there and (run.events or run.ends):
        return NO_BEGINNING
    if _came_later(fed, kept):
        return LATER
    if runs > 1:
        return f"{runs} processes emitted, or one was started anew amid the replay"
    jumped = run.ends[-1].jumped if run.ends else False
    if jumped or (not _feed(kept) and fed.status is not None and fed.status.jumps):
        return JUMPED
    if _differ_among_themselves(run.known):
        return TWICE
    return None if run.events or _feed(kept) else NOTHING


def _came_later(fed: Fed, kept: Kept) -> bool:
    """Whether a feed began behind the run. Without the run's own word it began with the replay as a stream, if any."""
    if fed.feed is None or fed.feed.feed == _feed(kept):
        return False
    played = None if fed.status is None else fed.status.started_at
    began = played if kept.began is None else kept.began.at
    return began is None or fed.feed.at > began


def _differ_among_themselves(happenings: Iterable[Happening]) -> bool:
    """Whether an event of a signal came again with other data: only the first one would be compared."""
    seen: dict[tuple[str, str], Happening] = {}
    for one in happenings:
        if one.signal_id is not None:
            first = seen.setdefault((one.signal_id, one.event), one)
            if first is not one and next(differences(first.payload, one.payload, {}), None) is not None:
                return True
    return False


def _why(run: _Run, fed: Fed, *, cut: bool, feed: str) -> str | None:
    """Why a run is not known whole; None if it is."""
    if cut:
        return TOO_LONG
    if run.missing:
        events = "event was" if run.missing == 1 else "events were"
        return f"{run.missing} {events} emitted and not kept (Redis was away, or refused)"
    if feed and not run.ends:
        return RUNNING
    if not run.is_done:
        return RUNNING if fed.runs and not feed else NOT_DONE
    return _why_not_played(run.ends[-1], fed, feed)


def _why_not_played(end: Ended, fed: Fed, feed: str) -> str | None:
    if feed:
        return None if end.whole else STOPPED
    if fed.runs:
        return RUNNING
    status = fed.status
    if status is None or status.current_event_index < status.total_events:
        return NOT_PLAYED if status is None else STOPPED
    return None


def _in_time(happenings: Iterable[Happening | None]) -> list[Happening]:
    return sorted((one for one in happenings if one is not None), key=lambda one: (one.ts, one.index))
