"""Will this Redis lose the tape? From what is known of it to cautions, each with what mends it. Pure: no I/O."""

from __future__ import annotations

from msgspec import Struct

#: Every kind of caution.
KINDS = (
    "eviction",
    "persistence",
    "disk",
    "replica",
    "loading",
    "clock",
    "memory",
    "stranded",
    "unknown",
)
#: Events are stamped by the engine's clock, entries by that of Redis; further apart, lag and retention are wrong.
MOST_CLOCK_APART_S = 5.0
_DAY_S = 86_400
#: A stream younger than this says nothing about a day: it may hold a single burst.
LEAST_SPAN_S = 600.0


class StreamFacts(Struct, frozen=True):
    """One partition: how much it holds, since when."""

    key: str
    entries: int = 0
    #: age of its first entry
    span_s: float = 0.0
    bytes: int = 0


class Stranded(Struct, frozen=True):
    """A stream beyond SIGNALTAPE_PARTITIONS with entries that no worker is done with."""

    key: str
    partition: int
    entries: int


class Known(Struct, frozen=True, kw_only=True):
    """What a Redis tells of itself; None: it does not say."""

    policy: str | None = None
    appendonly: bool | None = None
    appendfsync: str | None = None
    #: the points at which it writes snapshots; empty: never
    save: str | None = None
    aof_write_status: str | None = None
    snapshot_status: str | None = None
    role: str | None = None
    loading: bool = False
    used_bytes: int | None = None
    #: maxmemory; where that is not set, the machine's memory
    limit_bytes: int | None = None
    #: its clock less ours
    clock_ahead_s: float | None = None
    streams: list[StreamFacts] = []
    stranded: list[Stranded] = []
    #: commands that it does not let us ask with
    refused: list[str] = []


class Caution(Struct, frozen=True):
    """One thing that may cost events: its kind, what it is, and what mends it."""

    kind: str
    says: str
    mend: str


def cautions(known: Known) -> list[Caution]:
    """All that should be mended, worst first; nothing if it is well."""
    found = (
        *_eviction(known),
        *_persistence(known),
        *_disk(known),
        *_standing(known),
        *_clock(known),
        *_memory(known),
        *_stranded(known),
        *_unknown(known),
    )
    return sorted(found, key=lambda one: KINDS.index(one.kind))


def _eviction(known: Known) -> list[Caution]:
    # `volatile-*` only takes keys that expire, and ours never do: it is as good as `noeviction`.
    if known.policy is None or not known.policy.startswith("allkeys"):
        return []
    says = (
        f"maxmemory-policy is {known.policy}: when memory is full, Redis deletes streams with what is in them"
    )
    return [Caution("eviction", says, "redis-cli CONFIG SET maxmemory-policy noeviction")]


def _persistence(known: Known) -> list[Caution]:
    if known.appendonly is False:
        if known.save is None:
            says = "appendonly is no: a crash loses what came since the last snapshot, if it writes any"
        elif known.save:
            says = "appendonly is no: a crash loses what came since the last snapshot"
        else:
            says = "nothing is kept on disk (appendonly is no, save is empty): a restart loses all streams"
        return [Caution("persistence", says, "redis-cli CONFIG SET appendonly yes")]
    if known.appendonly and known.appendfsync == "no":
        says = "appendfsync is no: a crash of the machine loses what the kernel has not written, often 30 s"
        return [Caution("persistence", says, "redis-cli CONFIG SET appendfsync everysec")]
    return []


def _disk(known: Known) -> list[Caution]:
    found = []
    if known.appendonly and known.aof_write_status not in (None, "ok"):
        found.append("its append-only file could not be written: it takes no events until it can")
    if known.save != "" and known.snapshot_status not in (None, "ok"):
        found.append("its last snapshot failed: by default it takes no events until one succeeds")
    return [
        Caution("disk", says, "free disk space where Redis keeps its data, and read its log")
        for says in found
    ]


def _standing(known: Known) -> list[Caution]:
    found = []
    if known.role in ("slave", "replica"):
        says = "it is a replica: it takes no events"
        found.append(Caution("replica", says, "point REDIS_URL at the primary"))
    if known.loading:
        found.append(Caution("loading", "it is reading its data from disk", "wait until it is done"))
    return found


def _clock(known: Known) -> list[Caution]:
    apart = known.clock_ahead_s
    if apart is None or abs(apart) <= MOST_CLOCK_APART_S:
        return []
    says = f"its clock is {abs(apart):.1f} s {'ahead of' if apart > 0 else 'behind'} ours"
    return [Caution("clock", says, "synchronise both machines: timedatectl set-ntp true")]


def _memory(known: Known) -> list[Caution]:
    if known.used_bytes is None or known.limit_bytes is None:
        return []
    old = [one for one in known.streams if one.span_s >= LEAST_SPAN_S]
    need = sum(one.bytes / one.span_s * _DAY_S for one in old)
    # What the streams hold now makes room for what comes, once it is a day old.
    room = known.limit_bytes - known.used_bytes + sum(one.bytes for one in known.streams)
    if need <= max(room, 0):
        return []
    says = (
        f"a day of events takes {_mib(need)} at the rate of its streams, but there is room for {_mib(room)}"
    )
    return [Caution("memory", says, "give Redis more memory, or set SIGNALTAPE_STREAM_RETENTION_S lower")]


def _stranded(known: Known) -> list[Caution]:
    if not known.stranded:
        return []
    needed = max(one.partition for one in known.stranded) + 1
    mend = f"run python -m worker until they are empty, or set SIGNALTAPE_PARTITIONS={needed} everywhere"
    return [
        Caution("stranded", f"{one.key} lies beyond SIGNALTAPE_PARTITIONS: {one.entries} entries wait", mend)
        for one in known.stranded
    ]


def _unknown(known: Known) -> list[Caution]:
    if not known.refused:
        return []
    missing = [
        words
        for words, value in (
            ("whether it evicts", known.policy),
            ("whether it keeps data on disk", known.appendonly),
            # where it keeps data on disk, CONFIG alone says it: a right that shows passwords, too, and is not asked for
            ("how often it writes to disk", known.appendfsync if known.appendonly is None else ""),
            ("how much memory it has left", known.limit_bytes),
            ("what its clock says", known.clock_ahead_s),
            ("how much a day of events takes", None if {"XRANGE", "MEMORY USAGE"} & {*known.refused} else ""),
        )
        if value is None
    ]
    if not missing:
        return []
    says = f"not known is {', '.join(missing)}: it refuses {', '.join(known.refused)}"
    return [Caution("unknown", says, "look at your provider's settings, or allow these commands")]


def _mib(size: float) -> str:
    return f"{max(size, 0) / 2**20:,.0f} MiB"
