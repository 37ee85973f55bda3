"""What a server keeps: databases of keys, streams with their groups, hashes, strings."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

from tests.simulation.redis.ids import LOWEST, MOST, Id

T = TypeVar("T")
#: An entry's names and values, in turn. Never changed once it is there.
Fields = list[bytes]


class IdMap(Generic[T]):
    """A dict in the order of its ids, for ids that mostly come in order."""

    __slots__ = ("ids", "of")

    def __init__(self) -> None:
        self.of: dict[Id, T] = {}
        self.ids: list[Id] = []

    def __len__(self) -> int:
        return len(self.ids)

    def put(self, entry_id: Id, value: T) -> None:
        """Add a value, or put it in the place of the one that is there."""
        if not self.ids or entry_id > self.ids[-1]:
            self.ids.append(entry_id)
        elif entry_id not in self.of:
            self.ids.insert(bisect_left(self.ids, entry_id), entry_id)
        self.of[entry_id] = value

    def drop(self, entry_id: Id) -> T | None:
        """Take a value out, if it is there."""
        value = self.of.pop(entry_id, None)
        if value is not None:
            del self.ids[bisect_left(self.ids, entry_id)]
        return value

    def drop_first(self, count: int) -> None:
        """Take out so many from the start."""
        for entry_id in self.ids[:count]:
            del self.of[entry_id]
        del self.ids[:count]

    def below(self, entry_id: Id) -> int:
        """How many ids are lower."""
        return bisect_left(self.ids, entry_id)

    def between(self, start: Id, end: Id) -> list[Id]:
        """The ids from `start` to `end`, both included."""
        return self.ids[bisect_left(self.ids, start) : bisect_right(self.ids, end)]

    def behind(self, entry_id: Id, count: int = 0) -> list[Id]:
        """Up to `count` ids that are higher, or all of them."""
        start = bisect_right(self.ids, entry_id)
        return self.ids[start : start + count] if count else self.ids[start:]

    def copy(self) -> IdMap[T]:
        """The same values in a map of their own."""
        other: IdMap[T] = IdMap()
        other.of, other.ids = dict(self.of), list(self.ids)
        return other


class Pending(NamedTuple):
    """An entry that was delivered and is not acknowledged."""

    consumer: bytes
    delivered_ms: int
    times: int


class Consumer:
    """A consumer of a group; `held` are the ids of what is pending for it."""

    __slots__ = ("active_ms", "held", "name", "seen_ms")

    def __init__(self, name: bytes, now_ms: int) -> None:
        self.name = name
        self.seen_ms = now_ms
        #: when it last got or claimed anything; -1: never
        self.active_ms = -1
        self.held: IdMap[bool] = IdMap()

    def copy(self) -> Consumer:
        other = Consumer(self.name, self.seen_ms)
        other.active_ms = self.active_ms
        other.held = self.held.copy()
        return other


class Group:
    """A consumer group and its pending entries list."""

    __slots__ = ("consumers", "last_id", "pending", "read")

    def __init__(self, last_id: Id, read: int | None) -> None:
        self.last_id = last_id
        #: how many entries were ever read; None: not known
        self.read = read
        self.pending: IdMap[Pending] = IdMap()
        self.consumers: dict[bytes, Consumer] = {}

    def consumer(self, name: bytes, now_ms: int) -> Consumer:
        """The consumer of this name, made if need be, and seen now."""
        found = self.consumers.get(name)
        if found is None:
            found = self.consumers[name] = Consumer(name, now_ms)
        found.seen_ms = now_ms
        return found

    def hold(self, entry_id: Id, consumer: Consumer, delivered_ms: int, times: int) -> None:
        """Let an entry be pending for a consumer, and for no other."""
        pending = Pending(consumer.name, delivered_ms, times)
        before = self.pending.of.get(entry_id)
        if before is not None and before.consumer == consumer.name:
            self.pending.of[entry_id] = pending
            return
        if before is not None:
            self.consumers[before.consumer].held.drop(entry_id)
        self.pending.put(entry_id, pending)
        consumer.held.put(entry_id, True)

    def release(self, entry_id: Id) -> bool:
        """Let an entry be pending no longer; whether it was."""
        was = self.pending.drop(entry_id)
        if was is None:
            return False
        self.consumers[was.consumer].held.drop(entry_id)
        return True

    def sorted_consumers(self) -> Iterator[Consumer]:
        """In the order of their names, as the server lists them."""
        return (self.consumers[name] for name in sorted(self.consumers))

    def copy(self) -> Group:
        other = Group(self.last_id, self.read)
        other.pending = self.pending.copy()
        other.consumers = {name: consumer.copy() for name, consumer in self.consumers.items()}
        return other


class Stream:
    """Entries and the groups that read them."""

    __slots__ = ("added", "entries", "first_id", "groups", "last_id", "max_deleted_id")

    def __init__(self) -> None:
        self.entries: IdMap[Fields] = IdMap()
        self.last_id = LOWEST
        #: the id of the first entry that is there, the lowest of all if there is none
        self.first_id = LOWEST
        self.max_deleted_id = LOWEST
        #: how many entries were ever added
        self.added = 0
        self.groups: dict[bytes, Group] = {}

    def next_id(self, now_ms: int) -> Id:
        """The id for `*`: never behind the last one, wherever the clock stands."""
        ms, sequence = self.last_id
        if now_ms > ms:
            return now_ms, 0
        return (ms, sequence + 1) if sequence < MOST else (ms + 1, 0)

    def append(self, entry_id: Id, fields: Fields) -> None:
        """Add an entry whose id is higher than the last."""
        if not self.entries.ids:
            self.first_id = entry_id
        self.entries.ids.append(entry_id)
        self.entries.of[entry_id] = fields
        self.last_id = entry_id
        self.added += 1

    def trim(self, count: int) -> None:
        """Drop so many entries from the start."""
        self.entries.drop_first(count)
        self.find_first()

    def delete(self, entry_id: Id) -> bool:
        """Delete an entry; whether it was there."""
        if self.entries.drop(entry_id) is None:
            return False
        self.max_deleted_id = max(self.max_deleted_id, entry_id)
        self.find_first()
        return True

    def find_first(self) -> None:
        """Note which entry is the first now."""
        self.first_id = self.entries.ids[0] if self.entries.ids else LOWEST

    def copy(self) -> Stream:
        other = Stream()
        other.entries = self.entries.copy()
        other.last_id, other.first_id = self.last_id, self.first_id
        other.max_deleted_id, other.added = self.max_deleted_id, self.added
        other.groups = {name: group.copy() for name, group in self.groups.items()}
        return other


Hash = dict[bytes, bytes]
Value = Stream | Hash | bytes


class Database:
    """One numbered database: keys, and when some of them expire."""

    __slots__ = ("expires_ms", "values")

    def __init__(self) -> None:
        self.values: dict[bytes, Value] = {}
        self.expires_ms: dict[bytes, int] = {}

    def copy(self) -> Database:
        other = Database()
        other.values = {
            key: value if isinstance(value, bytes) else value.copy() for key, value in self.values.items()
        }
        other.expires_ms = dict(self.expires_ms)
        return other
