"""What the ghost measures: what it did, what it follows, and how far behind the tape it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from ghost.runner import Counted
from signaltape.measures import Ask, Measure, one


def ghost_parts(counted: Callable[[], Counted]) -> Mapping[str, Ask]:
    """The parts by name. counted: what this ghost has done so far."""
    return {"work": lambda: _work(counted())}


def _work(counted: Counted) -> Iterator[Measure]:
    done = {"entries": counted.entries, "items": counted.items, "unread_bars": counted.unread}
    yield Measure("signaltape_ghost_read", "What was read of the tape", done, "what", total=True)
    yield one("signaltape_ghost_told_records", "Records put on the tape", counted.told, total=True)
    yield one("signaltape_ghost_commits", "Transactions", counted.commits, total=True)
    open_now = {"orders": counted.open_orders, "lines": counted.open_lines}
    yield Measure("signaltape_ghost_open", "Orders and lines that have not ended", open_now, "what")
    yield one("signaltape_ghost_leads", "Whether it works, and does not stand by", float(counted.leads))
    if counted.position_ms:
        age_s = max(0.0, time.time() - counted.position_ms / 1000)
        yield one("signaltape_ghost_last_entry_age_seconds", "Age of the last entry that was read", age_s)
