"""How far a group has read: its counter of entries, and what lies before it, as far as the server can know."""

from __future__ import annotations

from tests.simulation.redis.data import Group, Stream
from tests.simulation.redis.ids import LOWEST, Id


def count_read(stream: Stream, group: Group, entry_id: Id) -> None:
    """The group is given an entry."""
    if (
        group.read is not None
        and group.last_id >= stream.first_id
        and not _deletes_from(stream, group.last_id)
    ):
        group.read += 1
    elif stream.added:
        group.read = _distance(stream, entry_id)
    group.last_id = entry_id


def lag(stream: Stream, group: Group) -> int | None:
    """How many entries the group was not given yet; None: that cannot be known."""
    if not stream.added:
        return 0
    if group.read is not None and not _deletes_from(stream, group.last_id):
        return stream.added - group.read
    read = _distance(stream, group.last_id)
    return None if read is None else stream.added - read


def _deletes_from(stream: Stream, start: Id) -> bool:
    """Whether an entry may be missing from here on."""
    return bool(stream.entries.ids) and stream.max_deleted_id != LOWEST and start <= stream.max_deleted_id


def _distance(stream: Stream, entry_id: Id) -> int | None:
    """How many entries were ever added up to this id; None: that cannot be known."""
    if not stream.added:
        return 0
    if not stream.entries.ids and entry_id <= stream.last_id:
        return stream.added
    if entry_id not in (LOWEST, stream.last_id) and entry_id < stream.max_deleted_id:
        return None
    if entry_id == stream.last_id:
        return stream.added
    if entry_id > stream.last_id:
        return None
    if stream.max_deleted_id == LOWEST or stream.max_deleted_id < stream.first_id:
        if entry_id < stream.first_id:
            return stream.added - len(stream.entries)
        if entry_id == stream.first_id:
            return stream.added - len(stream.entries) + 1
    return None
