"""What if as a job: what `python -m replay serve` does for the dashboard, by this function's name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from reports.operations.compared import answered
from reports.operations.rules import what_if
from reports.weeks import parse_week
from signaltape.settings import Settings
from sink.db import only_reading

#: Nobody's page waits for it, but no statement of it holds the database for ever.
_LONGEST_MS = 600_000


class Asked(msgspec.Struct, frozen=True):
    """Weights by layer, and the weeks whose signals are scored anew: so many up to `week`."""

    week: str
    weeks: int
    weights: dict[str, Decimal]


def compare(
    settings: Settings,
    arguments: dict[str, Any],
    progress: Callable[[str, int], None],
    stop: threading.Event,
) -> dict[str, Any]:
    """Both scorecards, as `Answered` in JSON. Reads only. Raises NotFound; Stopped once the event is set."""
    asked = msgspec.convert(arguments, Asked)
    progress("signals read", 0)
    with only_reading(_LONGEST_MS):
        found = what_if(
            settings,
            parse_week(asked.week),
            asked.weights,
            asked.weeks,
            progress=lambda done: progress("signals read", done),
            stop=stop,
        )
    answer: dict[str, Any] = msgspec.to_builtins(answered(found))
    return answer
