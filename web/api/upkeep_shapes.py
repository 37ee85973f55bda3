"""What the calls that look after what is recorded take and answer with: dead letters, messages, rules, what if."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from reports.operations.rules import Version
from sink.dead_letters import Heading, ReasonCount
from worker.operations import Foretold

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class DeadLetterPage(msgspec.Struct, frozen=True):
    """Dead letters, newest first. total: all that match; up_to, ids_sum: the highest id among them, and a sum of all,
    for who decides on exactly these; next: `below` of the next page, null on the last.
    """

    total: int
    up_to: int
    ids_sum: int
    counts: list[ReasonCount]
    letters: list[Heading]
    next: int | None


class WholeDeadLetter(msgspec.Struct, frozen=True):
    """A dead letter. data: its bytes as base64; text: the same if it is UTF-8, else null; fields: the other ones."""

    id: int
    stream: str
    entry_id: str
    event: str | None
    reason: str
    data: bytes
    text: str | None
    fields: dict[str, str]
    entry_ts: datetime
    received_at: datetime
    #: what a requeue would do now
    requeue: Foretold


class LetterFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which dead letters. reason, text: parts of reason and data; since, until: WIB days, both included."""

    event: str | None = None
    reason: str | None = None
    stream: str | None = None
    text: str | None = None
    since: str | None = None
    until: str | None = None


class LettersToTake(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which dead letters something is done with: `ids`, or `filter` (an empty one means all); and how many that are.

    up_to: none with a higher id; without it up to the highest that is there. ids_sum: as it was listed; where it is
    another by now nothing is done, though they are as many.
    """

    expected: Count
    ids: Annotated[list[Count], msgspec.Meta(max_length=1000)] | None = None
    filter: LetterFilter | None = None
    up_to: Count | None = None
    ids_sum: Count | None = None


class LettersTaken(msgspec.Struct, frozen=True):
    """What came of it. refused: why each of those that stay could not go; untouched: taken by others meanwhile."""

    done: int
    refused: list[str]
    untouched: int


class Versions(msgspec.Struct, frozen=True):
    """Versions of the layer weights, newest first."""

    rules: list[Version]


class Done(msgspec.Struct, frozen=True):
    """It was done."""

    success: bool
    message: str


class WeightsToTry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Weights by layer; weeks: so many up to `week`, without one the current week."""

    weights: dict[str, Decimal]
    weeks: Annotated[int, msgspec.Meta(ge=1, le=520)] = 8
    week: str | None = None


class BinCounts(msgspec.Struct, frozen=True):
    """Closed signals of a bin."""

    n: int
    wins: int


class WhatIfSide(msgspec.Struct, frozen=True):
    """One side: its bins by their names, and what they support."""

    bins: dict[str, BinCounts]
    verdict: dict[str, Any]


class WhatIfUnderWay(msgspec.Struct, frozen=True):
    """It is not done yet. state: waiting or running; read: so many signals so far; address: what tells how far it is,
    and then the answer; message: what to do for it, if anything.
    """

    id: str
    state: str
    read: int
    address: str
    message: str = ""


class WhatIfAnswer(msgspec.Struct, frozen=True):
    """Both scorecards. signals: those with layers, on both sides; moved: those that change their bin; below: those that
    fall below the lowest score that was published; shifted: those whose score holds more than their weights.
    """

    week: str
    weeks: int
    published: WhatIfSide
    rescored: WhatIfSide
    signals: int
    without_layers: int
    moved: int
    below: int
    shifted: int
    unknown: list[str]
