"""What was measured of one name in a stretch of time: ten seconds, or a minute. They add up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar

from msgspec import Struct

#: Request ids that are kept of a stretch.
MOST_EXAMPLES = 3
SLOT, MINUTE = timedelta(seconds=10), timedelta(minutes=1)


class Key(NamedTuple):
    """Whose figure it is. name: an endpoint, a channel, a symbol, a screener. engine: empty if it has no name."""

    kind: str
    figure: str
    name: str
    engine: str


class Slot(Struct, frozen=True, kw_only=True):
    """What was measured in the ten seconds from `at` on, of all processes of an engine.

    sum, worst, last: of the values, in the figure's unit; worst is the largest. last_at: when the last one was
    measured. n2xx … n5xx: requests by status, n4xx without 429. bucket, bucket_n: the histogram's indexes, ascending,
    and how many values are in each. examples: request ids, of 5xx first.
    """

    at: datetime
    kind: str
    figure: str
    name: str
    engine: str = ""
    n: int
    sum: float
    worst: float
    last: float
    last_at: datetime
    n2xx: int = 0
    n3xx: int = 0
    n4xx: int = 0
    n429: int = 0
    n5xx: int = 0
    bucket: Sequence[int] = ()
    bucket_n: Sequence[int] = ()
    examples: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Whose it is."""
        return Key(self.kind, self.figure, self.name, self.engine)

    @property
    def requests(self) -> int:
        """Requests by their statuses; 0 of what is no request."""
        return self.n2xx + self.n3xx + self.n4xx + self.n429 + self.n5xx


class Minute(Slot, frozen=True, kw_only=True):
    """The same of the minute from `at` on: a row of guard_minutes."""


Stretch = TypeVar("Stretch", bound=Slot)


def begun(moment: datetime, length: timedelta) -> datetime:
    """When the stretch began in which a moment lies, in UTC."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (moment - epoch) // length * length


def added(stretches: Iterable[Stretch]) -> Stretch:
    """Several of one key as one, from the earliest on. Raises ValueError of none."""
    first, *others = sorted(stretches, key=lambda one: one.at)
    return _sum([first, *others]) if others else first


def _sum(stretches: Sequence[Stretch]) -> Stretch:
    first, latest = stretches[0], max(stretches, key=lambda one: one.last_at)
    counts = _counted(stretches)
    examples = dict.fromkeys(one for each in stretches for one in each.examples)
    return type(first)(
        **{name: getattr(first, name) for name in ("at", *Key._fields)},
        **{name: sum(getattr(one, name) for one in stretches) for name in _ADDED},
        worst=max(one.worst for one in stretches),
        last=latest.last,
        last_at=latest.last_at,
        bucket=tuple(counts),
        bucket_n=tuple(counts.values()),
        examples=tuple(examples)[:MOST_EXAMPLES],
    )


_ADDED = ("n", "sum", "n2xx", "n3xx", "n4xx", "n429", "n5xx")


def _counted(stretches: Iterable[Slot]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for one in stretches:
        for index, count in zip(one.bucket, one.bucket_n, strict=True):
            counts[index] = counts.get(index, 0) + count
    return dict(sorted(counts.items()))
