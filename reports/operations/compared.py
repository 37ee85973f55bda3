"""What if, as a page shows it: both scorecards side by side, in figures and words."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from reports.evidence.statistics import wilson_interval
from reports.evidence.verdict import Counted
from reports.layers.whatif import Side, WhatIf, as_document
from reports.text.numbers import ratio
from reports.text.sentences import say_verdict, show_rate

__all__ = ["Answered", "Compared", "SideShown", "WhatIf", "answered", "as_document", "compared"]


class Half(NamedTuple):
    """A bin on one side. interval: 95 % of the winrate, empty without closed signals."""

    n: int
    wins: int
    winrate: str
    interval: str


class SideShown(NamedTuple):
    """One side: which verdict it supports, and that in a sentence."""

    kind: str
    verdict: str
    n: int
    wins: int


class Compared(NamedTuple):
    """Both sides: each bin as it was published and as it would be; notes: what to know of it, in sentences."""

    published: SideShown
    rescored: SideShown
    bins: list[tuple[str, Half, Half]]
    signals: int
    moved: int
    notes: list[str]


class Answered(msgspec.Struct, frozen=True):
    """Both scorecards, for programs and as they are shown; it goes through JSON as it is."""

    document: dict[str, Any]
    shown: Compared


def answered(found: WhatIf) -> Answered:
    """What is told of a comparison."""
    return Answered(as_document(found), compared(found))


def compared(found: WhatIf) -> Compared:
    """Both scorecards as they are shown."""
    sides = zip(found.published.bins, found.rescored.bins, strict=True)
    return Compared(
        _side(found.published),
        _side(found.rescored),
        [(then.label, _half(then), _half(now)) for then, now in sides],
        found.signals,
        found.moved,
        [line for line in _notes(found) if line],
    )


def _side(side: Side) -> SideShown:
    n, wins = (sum(getattr(one, what) for one in side.bins) for what in ("n", "wins"))
    return SideShown(side.verdict.kind.value, say_verdict(side.verdict), int(n), int(wins))


def _half(one: Counted) -> Half:
    n, wins = int(one.n), int(one.wins)
    if not n:
        return Half(0, 0, show_rate(None), "")
    low, high = wilson_interval(wins, n)
    return Half(n, wins, show_rate(ratio(wins, n)), f"{low:.2f}–{high:.2f}")


def _notes(found: WhatIf) -> list[str]:
    unknown = ", ".join(found.unknown)
    return [
        f"{found.without_layers} signals without layers are left out of both."
        if found.without_layers
        else "",
        f"Of {found.shifted} signals the published score is not the sum of their weights: what else is in it was kept."
        if found.shifted
        else "",
        f"No signal names these layers: {unknown}." if unknown else "",
        "It cannot know signals that were never published: under the new weights others would have been, and"
        f" {found.below} of these fall below the lowest score that was.",
    ]
