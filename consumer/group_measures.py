"""What a group's process measures of its stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from consumer.group_status import PartitionStatus
from signaltape.measures import Measure

_GROUP: tuple[tuple[str, str, Callable[[PartitionStatus], float | None]], ...] = (
    ("lag_entries", "Entries that nobody of the group was given yet", lambda part: part.lag_entries),
    ("lag_seconds", "Age of the oldest of these", lambda part: part.lag_s),
    ("pending_entries", "Entries given out and not acknowledged", lambda part: part.pending),
    ("oldest_pending_seconds", "Age of the oldest of these", lambda part: part.oldest_pending_s),
    (
        "vanished_entries",
        "Entries deleted from the stream while they were given out",
        lambda part: part.vanished,
    ),
)
_STREAM: tuple[tuple[str, str, Callable[[PartitionStatus], float | None]], ...] = (
    ("signaltape_stream_entries", "Entries in the stream", lambda part: part.entries),
    ("signaltape_stream_bytes", "What the stream takes in Redis, estimated", lambda part: part.bytes),
)


def group_measures(prefix: str, partitions: Sequence[PartitionStatus]) -> Iterator[Measure]:
    """How far the group is with each partition. prefix: of the names, such as `signaltape`."""
    for name, says, value in _GROUP:
        yield _by_stream(f"{prefix}_{name}", says, partitions, value)


def stream_measures(partitions: Sequence[PartitionStatus]) -> Iterator[Measure]:
    """What each partition holds."""
    for name, says, value in _STREAM:
        yield _by_stream(name, says, partitions, value)


def _by_stream(
    name: str,
    says: str,
    partitions: Sequence[PartitionStatus],
    value: Callable[[PartitionStatus], float | None],
) -> Measure:
    """One that Redis cannot tell is left out."""
    found = {part.key: value(part) for part in partitions}
    return Measure(name, says, {key: n for key, n in found.items() if n is not None}, label="stream")
