"""Poison candidates: tried in isolation, counted, and set aside after some crashes. The rules, pure.

An entry that was given out several times and never acknowledged may be the one that kills its worker; or it
merely shared a batch with that one, or with a restart. So it gets an isolated attempt, by itself. Each is
counted in Redis before it begins and struck out when it ends without a crash, whatever its outcome: only an
entry whose own, isolated attempts keep ending the process becomes a dead letter.
"""

from __future__ import annotations

from signaltape.stream import WORKER_GROUP

#: Given out this often without being acknowledged: from now on a poison candidate.
CANDIDATE_DELIVERIES = 5
#: So many isolated attempts may end in a crash; then it is a dead letter.
MAX_CRASHES = 3


def is_poison_candidate(deliveries: int) -> bool:
    """Whether an entry needs an isolated attempt."""
    return deliveries >= CANDIDATE_DELIVERIES


def is_poison(tries: int) -> bool:
    """Whether an entry whose `tries`-th isolated attempt would begin now has crashed workers too often."""
    return tries > MAX_CRASHES


def reason(tries: int) -> str:
    """The reason in its dead letter."""
    return f"it ended its worker {tries - 1} times in a row when tried alone"


def crash_key(stream_key: str, group: str = WORKER_GROUP) -> str:
    """The Redis hash that counts a group's isolated attempts, in the same Cluster slot as its stream."""
    return f"{stream_key}:crashes" if group == WORKER_GROUP else f"{stream_key}:crashes:{group}"
