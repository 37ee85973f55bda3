"""What `worker status` shows to a person: whether the worker keeps up, what may cost events, what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from consumer.group_status import PartitionStatus
from signaltape.settings import Settings
from signaltape.terminal import NOTHING_TO_DO, Screen, left, right
from sink.counters import ever_lines
from worker.redis_status import show_cautions
from worker.status import Status

_PARTITION = (
    left("stream"), right("entries"), right("KiB"), right("lag"), right("lag s"), right("pending"),
    right("pending s"), right("consumers"),
)  # fmt: skip
_CONSUMER = (left("consumer"), left("stream"), right("pending"), right("idle s"))
_JOURNAL = (left("journal"), left("engine"), right("KiB"), right("events shipped"))


def show_status(screen: Screen, found: Status, settings: Settings) -> None:
    """Print all of it."""
    screen.say(_answer(found), "good" if _is_well(found, settings) else "warn")
    screen.table(_PARTITION, [_partition_row(one) for one in found.partitions])
    for trouble in _troubles(found, settings):
        screen.say(trouble, "bad", mark="FAIL ", short=True)
    show_cautions(screen, found.cautions)
    screen.table(
        _CONSUMER,
        [
            (one.name, part.key, one.pending, f"{one.idle_ms / 1000:.1f}")
            for part in found.partitions
            for one in part.consumers
        ],
    )
    screen.table(
        _JOURNAL,
        [
            (one.name, "running" if one.alive else "ended", one.bytes // 1024, one.shipped_events)
            for one in found.journals
        ],
    )
    screen.gap()
    screen.block(
        [
            (f"stored in {found.days} days", _counts(found.events)),
            ("orphans", _counts(found.orphans)),
            ("dead letters", found.dead_letters),
            ("conflicts", found.conflicts),
            ("duplicates", found.duplicates),
            *ever_lines(found.ever),
        ]
    )
    screen.next(_next(found, settings))


def _answer(found: Status) -> str:
    waiting = [one.lag_entries for one in found.partitions]
    pending = sum(one.pending for one in found.partitions)
    known = sum(one or 0 for one in waiting)
    oldest_s = max((max(one.lag_s, one.oldest_pending_s) for one in found.partitions), default=0.0)
    if known or pending:
        least = " at least" if None in waiting else ""
        return f"entries that wait:{least} {known}, in work: {pending}; the oldest for {oldest_s:.1f} s"
    if None in waiting:
        return "no entry is in work; how many wait is not known after deletes or trims"
    return "the worker has caught up: no entry waits"


def _partition_row(part: PartitionStatus) -> tuple[object, ...]:
    lag = "?" if part.lag_entries is None else part.lag_entries
    return (
        part.key, part.entries, part.bytes // 1024, lag, f"{part.lag_s:.1f}", part.pending,
        f"{part.oldest_pending_s:.1f}", len(part.consumers),
    )  # fmt: skip


def _troubles(found: Status, settings: Settings) -> Iterator[str]:
    for part in found.partitions:
        if part.beyond:
            yield (
                f"{part.key} lies beyond SIGNALTAPE_PARTITIONS={settings.partitions}; workers drain it, but engines,"
                " workers and archivers should be set to the same number"
            )
        if part.vanished:
            yield (
                f"{part.key}: {part.vanished} entries vanished while they were given out (deleted or trimmed by"
                " hand): lost, unless they were stored before"
            )
        if settings.stream_max_bytes and part.bytes > settings.stream_max_bytes:
            yield f"{part.key} has outgrown SIGNALTAPE_STREAM_MAX_BYTES: {part.bytes} bytes"


def _is_well(found: Status, settings: Settings) -> bool:
    return _next(found, settings) == NOTHING_TO_DO


def _next(found: Status, settings: Settings) -> str:
    if any(True for _ in _troubles(found, settings)):
        return "mend what says FAIL"
    if found.cautions:
        return "mend what says WARN"
    if any(one.lag_entries and not one.consumers for one in found.partitions):
        return "start a worker: python -m worker"
    if found.dead_letters:
        return "python -m worker dead-letters list says what became no event, and why"
    if any(found.orphans.values()):
        return "look again later: an orphan is an outcome whose signal has not arrived yet"
    return NOTHING_TO_DO


def _counts(counts: Mapping[str, int]) -> str:
    """`signal_closed 3, signal_published 4`; empty where all are none."""
    return ", ".join(f"{name} {n}" for name, n in sorted(counts.items()) if n)
