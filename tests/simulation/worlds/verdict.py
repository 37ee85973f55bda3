"""What came of the run of a world."""

from __future__ import annotations

from typing import NamedTuple


class Violation(NamedTuple):
    """A promise that did not hold."""

    invariant: str
    step: int
    text: str


class Report(NamedTuple):
    """What came of one run."""

    world: str
    seed: int
    steps: int
    violation: Violation | None
    #: the numbers of the faults that happened
    faults: list[int]
    story: list[str]
    #: what tells two runs of the same seed apart, if they differ
    fingerprint: int
    #: at its end: each task, and what it was about to do
    whereabouts: list[str] = []


def hash_of(text: str) -> int:
    """A number that stands for a text, the same in every Python."""
    from zlib import crc32

    return crc32(text.encode())
