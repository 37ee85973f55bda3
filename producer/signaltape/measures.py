"""What a process measures of itself, for whoever wants to show it: names and numbers, asked when they are wanted.

A process names its parts; each is a function that asks. How they are served is in `signaltape.integrations.prometheus`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple


class Measure(NamedTuple):
    """One number, or one for each value of a label.

    name: signaltape_<what>_<unit>; of a total without its `_total`.
    values: the numbers by the label's value; by an empty text where there is no label.
    total: whether it only ever grows.
    """

    name: str
    says: str
    values: Mapping[str, float]
    label: str = ""
    total: bool = False


#: Asks one part of a process for its numbers. It may raise anything: then the part is away, and left out.
Ask = Callable[[], Iterable[Measure]]


def one(name: str, says: str, value: float, *, total: bool = False) -> Measure:
    """A number without a label."""
    return Measure(name, says, {"": value}, total=total)
