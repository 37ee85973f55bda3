"""One figure that was read, and of what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple


class Reading(NamedTuple):
    """A figure of a rule of kind `check`, of one subject: a stream, a process, a folder."""

    figure: str
    subject: str
    value: float


#: Reads some figures; it may raise what says that its source is away.
Read = Callable[[], Iterable[Reading]]


def of_each(figure: str, values: Iterable[tuple[str, float]]) -> Iterator[Reading]:
    """The same figure of several subjects."""
    return (Reading(figure, subject, value) for subject, value in values)
