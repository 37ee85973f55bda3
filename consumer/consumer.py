"""One consumer of a group over all its partitions: read, claim, acknowledge. One instance per thread."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from consumer.entry import Entry
from consumer.link import Link
from consumer.partition import Partition
from consumer.partitions import existing
from signaltape.settings import Secret
from signaltape.stream import WORKER_GROUP

log = logging.getLogger("signaltape")

#: Instead of an id: what nobody was given yet.
_NEW = ">"


class Consumer:
    """One consumer of a group over all partitions.

    url: REDIS_URL; name: the consumer's stable name; keys: the stream key of each partition; beyond: keys of
    partitions that are consumed too where an engine has made them (see `look_around`).
    Every method raises one of RedisError when Redis is away.
    """

    def __init__(
        self,
        url: Secret,
        name: str,
        keys: Sequence[str],
        group: str = WORKER_GROUP,
        beyond: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.group = group
        self._links = self._make_links(url)
        self._own = list(keys)
        self._beyond = list(beyond)
        #: whatever was met so far, by key: what is known of a partition outlasts its being away
        self._known: dict[str, Partition] = {}
        self._consume(map(self._partition, keys))

    @property
    def keys(self) -> list[str]:
        """The stream keys of the partitions that are consumed now."""
        return [partition.key for partition in self._partitions]

    @property
    def connections(self) -> int:
        """How many connections were made so far."""
        return sum(link.connections for link in self._links)

    def look_around(self) -> list[str]:
        """Consume the partitions beyond one's own that exist now, too. Returns those that are new or readable again."""
        before = set(self.keys)
        own = list(map(self._partition, self._own))
        there = [*own, *map(self._partition, self._existing_beyond())]
        for partition in there:
            partition.left_out = partition.left_out and partition.ensure_group() is not None
        self._consume([partition for partition in there if not partition.left_out] or own)
        return [key for key in self.keys if key not in before]

    def ensure_group(self) -> None:
        """Make the group, and the stream, where they are missing: from the stream's start.

        A partition where that cannot be done holds up no other: it is left out, and `look_around` tries it again.
        Raises if that is so with every one.
        """
        refusals = {one: refusal for one in self._partitions if (refusal := one.ensure_group())}
        if len(refusals) == len(self._partitions):
            raise next(iter(refusals.values()))
        for partition, refusal in refusals.items():
            log.warning("%s is left out for now, it cannot be read: %s", partition.key, refusal)
            partition.left_out = True
        self._consume([partition for partition in self._partitions if partition not in refusals])

    def read_new(self, count: int, block_ms: int | None = None) -> list[Entry]:
        """Up to `count` entries per partition that nobody was given yet; waits up to `block_ms`."""
        return self._read(count, lambda _: _NEW, block_ms)

    def rewind(self) -> None:
        """Read what is pending from its start again."""
        for partition in self._partitions:
            partition.rewind()

    def read_pending(self, count: int) -> list[Entry]:
        """Up to `count` entries per partition that this consumer holds unacknowledged, behind those read before."""
        entries = self._read(count, lambda partition: partition.position)
        for entry in entries:
            self._partition(entry.stream).position = entry.entry_id
        return entries

    def holds_beside(self, known: set[tuple[str, str]]) -> bool:
        """Whether more is pending for this consumer's name than these entries (stream key, entry id).

        Redis may have given something to a connection of this name that was dead unseen: nobody else takes that over,
        as the name lives.
        """
        return any(partition.holds_beside(known) for partition in self._partitions)

    def keep(self, idle_ms: int) -> None:
        """Say that what this consumer has held for `idle_ms` or longer is still in work: as if given out just now."""
        for partition in self._known.values():
            partition.count_vanished()
        for partition in self._partitions:
            partition.keep(idle_ms)

    def give_back(self) -> None:
        """What this consumer holds was not tried: no delivery counts, and others may take it over at once."""
        for partition in self._partitions:
            partition.give_back()

    def claim(self, count: int, min_idle_ms: int) -> list[Entry]:
        """Take over entries, about `count`, that another consumer has held for longer than `min_idle_ms`."""
        self.keep(min_idle_ms // 4)  # else those in our own hands would come a second time
        entries: list[Entry] = []
        for partition in self._partitions:
            for some in partition.claim(count, min_idle_ms):
                entries += some
                if len(entries) >= count:
                    return entries
        return entries

    def poison_candidates(self, entries: Iterable[Entry]) -> set[tuple[str, str]]:
        """Which of these entries, now ours, were given out so often that each needs an isolated attempt.

        As (stream key, entry id).
        """
        return {
            (key, entry_id)
            for key, ids in _ids_by_key(entries).items()
            for entry_id in self._partition(key).poison_candidates(ids)
        }

    def strike_out(self, gone: Iterable[Entry]) -> None:
        """These pending entries were deleted from their stream: they are counted, and pending no longer."""
        for key, ids in _ids_by_key(gone).items():
            self._partition(key).strike_out(ids)

    def begin_isolated_attempt(self, entry: Entry) -> int | None:
        """Count an isolated attempt; returns the how manieth of the entry it is. None if Redis has no memory for it."""
        return self._partition(entry.stream).begin_isolated_attempt(entry.entry_id)

    def end_isolated_attempt(self, entry: Entry) -> None:
        """The attempt ended without a crash."""
        self._partition(entry.stream).end_isolated_attempt(entry.entry_id)

    def trim(self, retention_id: str) -> int:
        """Drop entries below `retention_id` that every group is done with. Returns how many went."""
        return sum(partition.trim(retention_id) for partition in self._partitions)

    def let_go(self, group: str, oldest_id: str) -> list[str]:
        """Delete a group that nobody reads for, where it is not done with an entry below `oldest_id`. The keys."""
        return [partition.key for partition in self._partitions if partition.let_go(group, oldest_id)]

    def memory_bytes(self) -> dict[str, int]:
        """What each partition takes in Redis, estimated by it from samples."""
        return {partition.key: partition.memory_bytes() for partition in self._partitions}

    def acknowledge(self, ids: dict[str, list[str]]) -> None:
        """Say that these entries are done: their ids by stream key."""
        for key, entry_ids in ids.items():
            self._partition(key).acknowledge(entry_ids)

    def delete_idle(self, idle_ms: int) -> list[str]:
        """Delete consumers (never this one) that hold nothing and were idle for long. Returns their names."""
        return [name for partition in self._partitions for name in partition.delete_idle(idle_ms)]

    def leave(self) -> None:
        """Delete this consumer where it holds nothing. Its name finds its pending entries again later."""
        for partition in self._partitions:
            partition.leave()

    def disconnect(self) -> None:
        """Drop the connections; the next call opens others."""
        for link in self._links:
            link.disconnect()

    def close(self) -> None:
        """Close for good."""
        for link in self._links:
            link.close()

    def _make_links(self, url: Secret) -> list[Link]:
        """The links to all servers that have partitions: here one server has them all."""
        return [Link(url)]

    def _link_of(self, key: str) -> Link:
        """The link to the server that has a key."""
        return self._links[0]

    def _partition(self, key: str) -> Partition:
        """The partition of a key."""
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = Partition(key, self._link_of(key), self.group, self.name)
        return known

    def _existing_beyond(self) -> list[str]:
        """The keys beyond one's own that are streams now."""
        by_link: defaultdict[Link, list[str]] = defaultdict(list)
        for key in self._beyond:
            by_link[self._link_of(key)].append(key)
        return [key for link, keys in by_link.items() for key in existing(link.redis, keys)]

    def _consume(self, partitions: Iterable[Partition]) -> None:
        """From now on consume these."""
        self._partitions = list(partitions)
        self._by_link: defaultdict[Link, list[Partition]] = defaultdict(list)
        for partition in self._partitions:
            self._by_link[partition.link].append(partition)

    def _read(
        self, count: int, after: Callable[[Partition], str], block_ms: int | None = None
    ) -> list[Entry]:
        """Read link by link, the partitions of each together."""
        entries: list[Entry] = []
        for link, partitions in self._by_link.items():
            keys, ids = [one.key for one in partitions], [after(one) for one in partitions]
            # where one has something the others are only looked at; where none has, each is waited for in turn
            wait_ms = max(1, block_ms // len(self._by_link)) if block_ms and not entries else None
            found = link.read(self.group, self.name, count, keys, ids, block_ms=wait_ms)
            entries = entries + found if entries else found
        return entries


def _ids_by_key(entries: Iterable[Entry]) -> dict[str, list[str]]:
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        ids[entry.stream].append(entry.entry_id)
    return ids
