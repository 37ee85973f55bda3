"""What became of a hunt."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class Verdict(Enum):
    """How a hunt ended."""

    FOUND = "found"
    NOT_FOUND = "not found"
    #: there was no simulation: the patch does not apply, or its run failed
    FAILED = "failed"


class Finding(Struct, frozen=True):
    """What became of the hunt for one mutation. seconds: until it was found, or given up."""

    name: str
    room: str
    summary: str
    kind: str
    world: str
    verdict: Verdict
    seconds: float
    invariant: str = ""
    seed: int | None = None
    seeds: int = 0
    steps: int = 0
    error: str = ""
