"""What calls cost on the caller's thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.support.samples import new_id, published

Call = Callable[[dict[str, Any]], object]


def spent_ns(call: Call, count: int) -> list[int]:
    """What each of `count` calls with an event of its own took, the shortest first."""
    events = [published(new_id()) for _ in range(count)]
    clock = time.perf_counter_ns
    spent = []
    for event in events:
        started = clock()
        call(event)
        spent.append(clock() - started)
    return sorted(spent)
