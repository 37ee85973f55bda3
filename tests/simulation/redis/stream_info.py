"""XINFO: what a server tells of a stream, its groups and their consumers."""

from __future__ import annotations

from tests.simulation.redis import ids
from tests.simulation.redis.command import Call, command, integer
from tests.simulation.redis.counting import lag
from tests.simulation.redis.data import Consumer, Group, Stream
from tests.simulation.redis.errors import err, no_group_for_key, wrong_subcommand
from tests.simulation.redis.resp import Reply
from tests.simulation.redis.stream_reading import shown_entry

_FULL_COUNT = 10
_NODE_ENTRIES = 100


@command("xinfo|stream", -3)
def stream(call: Call, argv: list[bytes]) -> Reply:
    """XINFO STREAM key [FULL [COUNT count]]"""
    found = _there(call, argv[2])
    if len(argv) == 3:
        return [*_head(found), *_ends(found)]
    if (
        argv[3].upper() != b"FULL"
        or len(argv) not in (4, 6)
        or (len(argv) == 6 and argv[4].upper() != b"COUNT")
    ):
        raise wrong_subcommand(argv)
    count = integer(argv[5]) if len(argv) == 6 else _FULL_COUNT
    return [*_head(found), *_full(found, count if count >= 0 else _FULL_COUNT)]


@command("xinfo|groups", 3)
def groups(call: Call, argv: list[bytes]) -> Reply:
    """XINFO GROUPS key"""
    found = _there(call, argv[2])
    return [
        [
            b"name",
            name,
            b"consumers",
            len(group.consumers),
            b"pending",
            len(group.pending),
            b"last-delivered-id",
            ids.show(group.last_id),
            b"entries-read",
            group.read,
            b"lag",
            lag(found, group),
        ]
        for name, group in sorted(found.groups.items())
    ]


@command("xinfo|consumers", 4)
def consumers(call: Call, argv: list[bytes]) -> Reply:
    """XINFO CONSUMERS key group"""
    group = _there(call, argv[2]).groups.get(argv[3])
    if group is None:
        raise no_group_for_key(argv[3], argv[2])
    return [
        [
            b"name",
            consumer.name,
            b"pending",
            len(consumer.held),
            b"idle",
            max(0, call.now_ms - consumer.seen_ms),
            b"inactive",
            call.now_ms - consumer.active_ms if consumer.active_ms != -1 else -1,
        ]
        for consumer in group.sorted_consumers()
    ]


def _there(call: Call, key: bytes) -> Stream:
    found = call.stream(key)
    if found is None:
        raise err("no such key")
    return found


def _head(found: Stream) -> list[Reply]:
    nodes = -(-len(found.entries) // _NODE_ENTRIES)  # fewer than there are where entries are large
    return [
        b"length",
        len(found.entries),
        b"radix-tree-keys",
        nodes,
        b"radix-tree-nodes",
        nodes + 1,
        b"last-generated-id",
        ids.show(found.last_id),
        b"max-deleted-entry-id",
        ids.show(found.max_deleted_id),
        b"entries-added",
        found.added,
        b"recorded-first-entry-id",
        ids.show(found.first_id),
    ]


def _ends(found: Stream) -> list[Reply]:
    present = found.entries.ids
    first, last = [shown_entry(found, present[place]) if present else None for place in (0, -1)]
    return [b"groups", len(found.groups), b"first-entry", first, b"last-entry", last]


def _full(found: Stream, count: int) -> list[Reply]:
    shown = found.entries.ids[: count or None]
    return [
        b"entries",
        [shown_entry(found, entry_id) for entry_id in shown],
        b"groups",
        [_full_group(found, name, group, count) for name, group in sorted(found.groups.items())],
    ]


def _full_group(found: Stream, name: bytes, group: Group, count: int) -> list[Reply]:
    pending = [
        [ids.show(entry_id), *group.pending.of[entry_id]] for entry_id in group.pending.ids[: count or None]
    ]
    return [
        b"name",
        name,
        b"last-delivered-id",
        ids.show(group.last_id),
        b"entries-read",
        group.read,
        b"lag",
        lag(found, group),
        b"pel-count",
        len(group.pending),
        b"pending",
        pending,
        b"consumers",
        [_full_consumer(group, consumer, count) for consumer in group.sorted_consumers()],
    ]


def _full_consumer(group: Group, consumer: Consumer, count: int) -> list[Reply]:
    held = consumer.held.ids[: count or None]
    return [
        b"name",
        consumer.name,
        b"seen-time",
        consumer.seen_ms,
        b"active-time",
        consumer.active_ms,
        b"pel-count",
        len(consumer.held),
        b"pending",
        [[ids.show(entry_id), *group.pending.of[entry_id][1:]] for entry_id in held],
    ]
