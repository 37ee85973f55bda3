"""One figure of several slots: a quantile, a mean, the last value, a share of requests. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from guard.model.counting import bad_of
from guard.model.rules import Value
from guard.model.slots import MOST_EXAMPLES, Slot
from signaltape.measuring.histogram import Histogram


class Figure(NamedTuple):
    """value: None if there is nothing to take it of. n: how many it is of. bad: of a share, the bad ones."""

    value: float | None
    n: int
    bad: int = 0


def figure(which: Value, slots: Sequence[Slot]) -> Figure:
    """What a rule asks of the slots of one subject."""
    if which.startswith("share_"):
        return share(sum(one.requests for one in slots), sum(bad_of(which[6:], one) for one in slots))
    n = sum(one.n for one in slots)
    return Figure(_OF[which](slots) if n else None, n)


def share(requests: int, bad: int) -> Figure:
    """Bad requests in percent."""
    return Figure(100 * bad / requests if requests else None, requests, bad)


def examples(slots: Iterable[Slot]) -> tuple[str, ...]:
    """Request ids of the slots, the newest first."""
    newest = sorted((one for one in slots if one.examples), key=lambda one: one.at, reverse=True)
    return tuple(dict.fromkeys(each for one in newest for each in one.examples))[:MOST_EXAMPLES]


def _quantile(q: float) -> Callable[[Sequence[Slot]], float | None]:
    return lambda slots: _merged(slots).quantile(q)


def _merged(slots: Sequence[Slot]) -> Histogram:
    merged = Histogram()
    counts = merged.counts
    for one in slots:
        for index, count in zip(one.bucket, one.bucket_n, strict=True):
            counts[index] += count
    return merged


def _mean(slots: Sequence[Slot]) -> float | None:
    return sum(one.sum for one in slots) / sum(one.n for one in slots)


def _worst(slots: Sequence[Slot]) -> float | None:
    return max(one.worst for one in slots)


def _last(slots: Sequence[Slot]) -> float | None:
    return max(slots, key=lambda one: one.last_at).last


_OF: dict[str, Callable[[Sequence[Slot]], float | None]] = {
    "p50": _quantile(0.5),
    "p95": _quantile(0.95),
    "p99": _quantile(0.99),
    "mean": _mean,
    "worst": _worst,
    "last": _last,
}
