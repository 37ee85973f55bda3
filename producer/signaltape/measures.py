"""What a process measures of itself, for whoever wants to show it: names and numbers, asked when they are wanted.

A process names its parts; each is a function that asks. How they are served is in `signaltape.integrations.prometheus`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple


class Measure(NamedTuple):
    """One number, or one for each value of a label.

    name: signaltape_<what>_<unit>, in base units (seconds, bytes, ratio of 1); of a total without its `_total`.
    values: the numbers by the label's value; by an empty text where there is no label.
    total: whether it only ever grows.
    """

    name: str
    says: str
    values: Mapping[str, float]
    label: str = ""
    total: bool = False


class Table(NamedTuple):
    """The same with several labels: numbers by the labels' values, in the order of the labels."""

    name: str
    says: str
    labels: tuple[str, ...]
    values: Mapping[tuple[str, ...], float]
    total: bool = False


class Spread(NamedTuple):
    """How values are spread. up_to: of each bound, ascending, how many are no larger; n: of all; sum: of them."""

    up_to: Mapping[float, int]
    n: int
    sum: float


class Buckets(NamedTuple):
    """A histogram for the labels' values: a Prometheus histogram of classic buckets."""

    name: str
    says: str
    labels: tuple[str, ...]
    values: Mapping[tuple[str, ...], Spread]


#: Whatever a part may answer with.
Measured = Measure | Table | Buckets
#: Asks one part of a process for its numbers. It may raise anything: then the part is away, and left out.
Ask = Callable[[], Iterable[Measured]]


def one(name: str, says: str, value: float, *, total: bool = False) -> Measure:
    """A number without a label."""
    return Measure(name, says, {"": value}, total=total)
