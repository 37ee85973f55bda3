"""What a guard knows from the tables before it reads on: what another one had at hand when it committed last."""

from __future__ import annotations

from datetime import datetime

from guard.model.memory import Memory
from guard.model.reading import LONGEST_COUNTED
from guard.tape_store import SLOTS_KEPT, TapeStore


def remember(store: TapeStore, memory: Memory, now: datetime) -> None:
    """Fill a memory. Raises DatabaseError."""
    for key, at in store.seen(now - memory.missed_within):
        memory.saw(key, at)
    for rule, subject, minute, good, bad, engine in store.burns(now - LONGEST_COUNTED):
        memory.take_counts(rule, subject, minute, good, bad, engine)
    for slot in store.slots(now - SLOTS_KEPT):
        memory.take(slot, counts=False)
