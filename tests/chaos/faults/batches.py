"""Faults that take the stream away while a shipper is in the middle of a batch."""

from __future__ import annotations

from typing import Any

from tests.chaos.registry import fault
from tests.chaos.rig import Rig
from tests.support.waiting import eventually

_SPLITS = 3
#: Memory that the streams may take until they are evicted: some hundred events.
_ROOM_BYTES = 200_000
_EVICTIONS = 3


@fault(soak=True)
def stream_deleted_inside_a_batch(rig: Rig) -> int:
    """The first half of a batch is added, the stream goes, the second half makes a new one."""
    hits = 0

    def delete() -> None:
        nonlocal hits
        rig.on_redis(lambda client: client.delete(*rig.keys))
        hits += 1

    for number in range(_SPLITS):
        rig.redis_proxy.split_next_batch(delete)
        eventually(lambda: hits > number or not rig.of("engine"), timeout=30)  # noqa: B023 - used at once
    rig.redis_proxy.split_no_more()
    assert hits, "no batch was split"
    return hits


@fault()
def eviction_under_load(rig: Rig) -> int:
    """A server with too little memory and a policy that evicts: the stream goes as a whole, again and again."""
    evicted = sum(_evicting(rig, policy) for policy in ("allkeys-lru", "allkeys-lfu"))
    with rig.redis() as client:
        client.config_set("maxmemory", "0")
        client.config_set("maxmemory-policy", "noeviction")
    return evicted


def _evicting(rig: Rig, policy: str) -> int:
    """Live with a policy until it has evicted some times; how often it did."""
    with rig.redis() as client:
        before = _evicted(client)
        client.config_set("maxmemory-policy", policy)
        streams = sum(client.memory_usage(key, samples=0) or 0 for key in rig.keys)
        client.config_set("maxmemory", client.info("memory")["used_memory"] - streams + _ROOM_BYTES)
        eventually(lambda: _evicted(client) >= before + _EVICTIONS, timeout=30)
        return _evicted(client) - before


def _evicted(client: Any) -> int:
    return int(client.info("stats")["evicted_keys"])
