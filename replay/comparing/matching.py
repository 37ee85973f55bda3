"""Which event of a replay answers to which recorded one: by its signal's id, else by what and when it was. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct

from replay.comparing.values import plain, read_fields
from signaltape.contract.events import SignalPublished

T = TypeVar("T")


class Happening(Struct, frozen=True, gc=False):
    """An event or record of one side. index: its number in the session, or in the run of the engine."""

    index: int
    event: str
    ts: datetime
    symbol: str | None
    #: of a record
    type: str
    #: of a signal's event
    signal_id: str | None
    payload: bytes

    @property
    def fields(self) -> dict[str, Any]:
        """Its fields, numbers as they are written."""
        return read_fields(self.payload)


class Signal(NamedTuple):
    """The life of a signal as one side saw it: the first event of each kind, by its name."""

    signal_id: str
    events: dict[str, Happening]

    @property
    def published(self) -> Happening | None:
        """Its beginning; None if that lies before the session."""
        return self.events.get(SignalPublished.EVENT)

    @property
    def first(self) -> Happening:
        """By what it is known again."""
        return self.published or min(self.events.values(), key=_time)


class Pair(NamedTuple):
    """An event on both sides, or on one of them."""

    recorded: Happening | None
    replayed: Happening | None

    @property
    def known(self) -> Happening:
        """That of the recording, else the other."""
        one = self.recorded or self.replayed
        assert one is not None
        return one

    @property
    def place(self) -> tuple[datetime, int, int]:
        """Where it belongs: by the earlier of both times; what was recorded goes first."""
        there = [one for one in self if one is not None]
        return min(one.ts for one in there), int(self.recorded is None), self.known.index


def signals_of(happenings: Iterable[Happening]) -> list[Signal]:
    """The signals among events; of an event that came twice the first one counts."""
    found: dict[str, Signal] = {}
    for one in happenings:
        if one.signal_id is not None:
            found.setdefault(one.signal_id, Signal(one.signal_id, {})).events.setdefault(one.event, one)
    return list(found.values())


def meet_signals(
    recorded: Sequence[Signal], replayed: Sequence[Signal], within: timedelta
) -> list[tuple[Signal | None, Signal | None]]:
    """Signals with what they are in the replay: by id, else by symbol, ref and setup at their time, else by symbol.

    within: how far apart the times of the same signal may be.
    """
    keys = ((_id, timedelta.max), (_named, within), (_of_symbol, within))
    return _meet_by(keys, recorded, replayed, lambda one: one.first.ts)


def pairs_of(recorded: Signal | None, replayed: Signal | None) -> list[Pair]:
    """The events of a signal, kind by kind."""
    left = {} if recorded is None else recorded.events
    right = {} if replayed is None else replayed.events
    return [Pair(left.get(kind), right.get(kind)) for kind in dict.fromkeys((*left, *right))]


def meet_records(
    recorded: Sequence[Happening], replayed: Sequence[Happening], within: timedelta
) -> list[Pair]:
    """Records with what they are in the replay: the k-th of a name, type and symbol at a time.

    Where several of these have one time, those that say the same meet first.
    """
    crowds = {
        key
        for side in (recorded, replayed)
        for key, found in Counter(map(_moment, side)).items()
        if found > 1
    }

    def _same(one: Happening) -> Hashable:
        return (_moment(one), plain(one.fields)) if _moment(one) in crowds else id(one)

    met = _meet_by(((_same, within), (_kind, within)), recorded, replayed, _time)
    return [Pair(*one) for one in met]


def _meet_by(
    keys: Iterable[tuple[Callable[[T], Hashable], timedelta]],
    recorded: Sequence[T],
    replayed: Sequence[T],
    time_of: Callable[[T], datetime],
) -> list[tuple[T | None, T | None]]:
    """Meet by one key after the other, each among those that are left; at last those that met nobody."""
    left, right = sorted(recorded, key=time_of), sorted(replayed, key=time_of)
    met: list[tuple[T | None, T | None]] = []
    for key, within in keys:
        found = _meet(left, right, key, time_of, within)
        met += [(left[one], right[other]) for one, other in found.items()]
        taken = set(found.values())
        left = [one for place, one in enumerate(left) if place not in found]
        right = [one for place, one in enumerate(right) if place not in taken]
    return [*met, *((one, None) for one in left), *((None, one) for one in right)]


def _meet(
    left: Sequence[T],
    right: Sequence[T],
    key: Callable[[T], Hashable],
    time_of: Callable[[T], datetime],
    within: timedelta,
) -> dict[int, int]:
    """Places of those that meet: of equal key, one after the other in time."""
    waiting: defaultdict[Hashable, deque[int]] = defaultdict(deque)
    for place, one in enumerate(right):
        waiting[key(one)].append(place)
    met: dict[int, int] = {}
    for place, one in enumerate(left):
        others = waiting[key(one)]
        while (
            others
            and time_of(right[others[0]]) < time_of(one)
            and not _near(one, right[others[0]], time_of, within)
        ):
            others.popleft()
        if others and _near(one, right[others[0]], time_of, within):
            met[place] = others.popleft()
    return met


def _near(one: T, other: T, time_of: Callable[[T], datetime], within: timedelta) -> bool:
    return abs(time_of(one) - time_of(other)) <= within


def _time(one: Happening) -> datetime:
    return one.ts


def _kind(one: Happening) -> tuple[Hashable, ...]:
    return one.event, one.type, one.symbol


def _moment(one: Happening) -> Hashable:
    return *_kind(one), one.ts


def _id(one: Signal) -> Hashable:
    return one.signal_id


def _named(one: Signal) -> Hashable:
    fields = one.first.fields
    return one.first.event, one.first.symbol, repr(fields.get("ref_id")), repr(fields.get("setup"))


def _of_symbol(one: Signal) -> Hashable:
    return one.first.event, one.first.symbol
