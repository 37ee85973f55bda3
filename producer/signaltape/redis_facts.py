"""What a Redis tells of itself, asked so that a server which refuses to answer is only known less of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import redis

from signaltape.clock import utc_now
from signaltape.redis_health import Caution, Known, Stranded, StreamFacts, cautions
from signaltape.settings import Settings
from signaltape.stream import MOST_PARTITIONS, WORKER_GROUP, entry_time_ms, stream_key, stream_keys

T = TypeVar("T")


def redis_cautions(client: Any, settings: Settings) -> list[Caution]:
    """What should be mended in the Redis behind `client`. Raises redis.ConnectionError and the like."""
    return cautions(ask(client, settings))


def ask(client: Any, settings: Settings) -> Known:
    """Ask Redis what there is to know. Raises redis.ConnectionError and the like."""
    refused: list[str] = []
    info = _asked(refused, "INFO", client.info) or {}
    if info.get("loading"):
        return Known(loading=True)
    config = _asked(
        refused, "CONFIG GET", lambda: {**client.config_get("save"), **client.config_get("appendfsync")}
    )
    return Known(
        policy=info.get("maxmemory_policy"),
        appendonly=_flag(info.get("aof_enabled")),
        appendfsync=(config or {}).get("appendfsync"),
        save=(config or {}).get("save"),
        aof_write_status=info.get("aof_last_write_status"),
        snapshot_status=info.get("rdb_last_bgsave_status"),
        role=info.get("role"),
        used_bytes=info.get("used_memory"),
        limit_bytes=info.get("maxmemory") or info.get("total_system_memory") or None,
        clock_ahead_s=_asked(refused, "TIME", lambda: _clock_ahead_s(client)),
        streams=[_stream(refused, client, key) for key in stream_keys(settings.stream, settings.partitions)],
        stranded=_asked(refused, "XINFO", lambda: _stranded(client, settings)) or [],
        refused=list(dict.fromkeys(refused)),
    )


def _asked(refused: list[str], name: str, question: Callable[[], T]) -> T | None:
    try:
        return question()
    except redis.ConnectionError:  # also while it is loading: then nothing is known
        raise
    except redis.ResponseError:
        refused.append(name)
        return None


def _flag(value: Any) -> bool | None:
    return None if value is None else bool(value)


def _clock_ahead_s(client: Any) -> float:
    """Its clock less ours; what the question took on its way counts for neither."""
    before = utc_now().timestamp()
    seconds, microseconds = client.time()
    after = utc_now().timestamp()
    there = float(seconds) + float(microseconds) / 1_000_000
    if before <= there <= after:
        return 0.0
    return there - before if there < before else there - after


def _stream(refused: list[str], client: Any, key: str) -> StreamFacts:
    first = _asked(refused, "XRANGE", lambda: client.xrange(key, count=1))
    if not first:
        return StreamFacts(key)
    return StreamFacts(
        key,
        entries=_asked(refused, "XLEN", lambda: client.xlen(key)) or 0,
        span_s=max(0.0, utc_now().timestamp() - entry_time_ms(first[0][0].decode()) / 1000),
        bytes=_asked(refused, "MEMORY USAGE", lambda: client.memory_usage(key, samples=20)) or 0,
    )


def _stranded(client: Any, settings: Settings) -> list[Stranded]:
    beyond = range(settings.partitions, MOST_PARTITIONS)
    with client.pipeline(transaction=False) as pipe:
        for number in beyond:
            pipe.exists(stream_key(settings.stream, number))
        there = pipe.execute()
    found = []
    for number, exists in zip(beyond, there, strict=True):
        key = stream_key(settings.stream, number)
        waiting = _waiting(client, key) if exists else 0
        if waiting:
            found.append(Stranded(key, number, waiting))
    return found


def _waiting(client: Any, key: str) -> int:
    """How many entries of a stream the worker's group was not given, or has not acknowledged."""
    groups = {group["name"].decode(): group for group in client.xinfo_groups(key)}
    group = groups.get(WORKER_GROUP)
    if group is None:
        return int(client.xlen(key))
    behind = group.get("lag")
    if behind is None:  # not known after deletes or trims: then whether there is any
        behind = len(client.xrange(key, min=f"({group['last-delivered-id'].decode()}", count=1))
    return int(behind) + int(group["pending"])
