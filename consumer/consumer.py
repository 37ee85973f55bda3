"""One consumer of a group: read, claim, acknowledge. One instance per thread."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from consumer.entry import Entry
from consumer.lua import DELETE_IDLE_CONSUMER, HOLD_AGAIN, STRIKE_OUT, TRIM_BELOW_EVERY_GROUP
from consumer.partitions import existing
from consumer.poison import crash_key, is_poison_candidate
from signaltape.redis_client import redis_client
from signaltape.settings import Secret
from signaltape.stream import WORKER_GROUP, entry_order, vanished_key

log = logging.getLogger("signaltape")

#: What can go wrong between us and Redis.
RedisError = (redis.RedisError, OSError)

ANSWER_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 3.0
#: Longer than anybody waits before taking over what a consumer holds.
_FOR_LONG_MS = 7 * 86_400_000
#: Others of our own pending entries may lie between the ones asked about.
_SLACK = 1000


def _as_it_is(response: Any, **_: Any) -> Any:
    return response


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
        self.keys = list(keys)
        self.group = group
        self._own = list(keys)
        self._beyond = list(beyond)
        #: partitions that cannot be read now
        self._stuck: set[str] = set()
        #: vanished entries that a Redis without memory did not count
        self._uncounted: Counter[str] = Counter()
        self._redis: Any = redis_client(
            url,
            socket_timeout=ANSWER_TIMEOUT_S,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            redis_connect_func=self._connected,
        )
        #: how many connections were made so far: redis-py replaces one that was closed meanwhile without a word
        self.connections = 0
        # The raw nested lists are all that is needed; redis-py would build a dict per entry.
        for command in ("XREADGROUP", "XAUTOCLAIM"):
            self._redis.set_response_callback(command, _as_it_is)

    def look_around(self) -> list[str]:
        """Consume the partitions beyond one's own that exist now, too. Returns those that are new or readable again."""
        before = set(self.keys)
        there = [*self._own, *existing(self._redis, self._beyond)]
        self._stuck = {key for key in self._stuck.intersection(there) if self._refusal(key)}
        self.keys = [key for key in there if key not in self._stuck] or list(self._own)
        return [key for key in self.keys if key not in before]

    def ensure_group(self) -> None:
        """Make the group, and the stream, where they are missing: from the stream's start.

        A partition where that cannot be done holds up no other: it is left out, and `look_around` tries it again.
        Raises if that is so with every one.
        """
        refusals = {key: refusal for key in self.keys if (refusal := self._refusal(key))}
        if len(refusals) == len(self.keys):
            raise next(iter(refusals.values()))
        for key, refusal in refusals.items():
            log.warning("%s is left out for now, it cannot be read: %s", key, refusal)
        self._stuck.update(refusals)
        self.keys = [key for key in self.keys if key not in refusals]

    def read_new(self, count: int, block_ms: int | None = None) -> list[Entry]:
        """Up to `count` entries per partition that nobody was given yet; waits up to `block_ms`."""
        blocking = ("BLOCK", block_ms) if block_ms else ()
        return self._read(count, blocking, [">"] * len(self.keys))

    def read_pending(self, count: int, after: dict[str, str]) -> list[Entry]:
        """Up to `count` entries per partition that this consumer holds unacknowledged, behind `after`."""
        return self._read(count, (), [after.get(key, "0") for key in self.keys])

    def holds_beside(self, known: set[tuple[str, str]]) -> bool:
        """Whether more is pending for this consumer's name than these entries (stream key, entry id).

        Redis may have given something to a connection of this name that was dead unseen: nobody else takes that over,
        as the name lives.
        """
        return any(
            (key, row["message_id"].decode()) not in known
            for key in self.keys
            for row in self._redis.xpending_range(key, self.group, "-", "+", len(known) + 1, self.name)
        )

    def keep(self, idle_ms: int) -> None:
        """Say that what this consumer has held for `idle_ms` or longer is still in work: as if given out just now."""
        self._count_vanished()
        for key in self.keys:
            self._hold_again(key, idle_ms)

    def give_back(self) -> None:
        """What this consumer holds was not tried: no delivery counts, and others may take it over at once."""
        for key in self.keys:
            self._hold_again(key, 0, "RETRYCOUNT", 0, "IDLE", _FOR_LONG_MS)

    def claim(self, count: int, min_idle_ms: int) -> list[Entry]:
        """Take over entries that another consumer has held for longer than `min_idle_ms`.

        Redis from 7 on acknowledges by itself those that vanished; they are counted here.
        """
        self.keep(min_idle_ms // 4)  # else those in our own hands would come a second time
        entries: list[Entry] = []
        for key in self.keys:
            cursor = b"0-0"
            while len(entries) < count:
                answer = self._redis.execute_command(
                    "XAUTOCLAIM", key, self.group, self.name, min_idle_ms, cursor, "COUNT", count
                )
                entries.extend(_entry(key, raw) for raw in answer[1] if raw is not None)
                if len(answer) > 2 and answer[2]:
                    self._say_vanished(key, len(answer[2]), answer[2][0])
                    self._uncounted[key] += len(answer[2])
                    self._count_vanished()
                cursor = answer[0]
                if cursor == b"0-0":
                    break
        return entries

    def poison_candidates(self, entries: list[Entry]) -> set[tuple[str, str]]:
        """Which of these entries, now ours, were given out so often that each is to be tried alone.

        As (stream key, entry id).
        """
        found: set[tuple[str, str]] = set()
        for key in self.keys:
            ids = [entry.entry_id for entry in entries if entry.stream == key]
            if ids:
                low, high = min(ids, key=entry_order), max(ids, key=entry_order)
                count = len(ids) + _SLACK
                for row in self._redis.xpending_range(key, self.group, low, high, count, self.name):
                    if is_poison_candidate(row["times_delivered"]):
                        found.add((key, row["message_id"].decode()))
        return found

    def strike_out(self, gone: Sequence[Entry]) -> None:
        """These pending entries were deleted from their stream: they are counted, and pending no longer."""
        ids: defaultdict[str, list[str]] = defaultdict(list)
        for entry in gone:
            ids[entry.stream].append(entry.entry_id)
        for key, some in ids.items():
            number, uncounted = self._redis.eval(STRIKE_OUT, 2, key, vanished_key(key), self.group, *some)
            self._say_vanished(key, number, some[0].encode())
            self._uncounted[key] += uncounted

    def begin_isolated_attempt(self, entry: Entry) -> int | None:
        """Count an isolated attempt; returns which try of the entry this is. None if Redis has no memory for that."""
        try:
            return int(self._redis.hincrby(crash_key(entry.stream, self.group), entry.entry_id, 1))
        except redis.exceptions.OutOfMemoryError:
            return None

    def end_isolated_attempt(self, key: str, entry_id: str) -> None:
        """The try ended without a crash."""
        self._redis.hdel(crash_key(key, self.group), entry_id)

    def trim(self, retention_id: str) -> int:
        """Drop entries below `retention_id` that every group is done with. Returns how many went."""
        return sum(int(self._redis.eval(TRIM_BELOW_EVERY_GROUP, 1, key, retention_id)) for key in self.keys)

    def memory_bytes(self) -> dict[str, int]:
        """What each partition takes in Redis, estimated by it from samples."""
        return {key: int(self._redis.memory_usage(key, samples=20) or 0) for key in self.keys}

    def acknowledge(self, ids: dict[str, list[str]]) -> None:
        """Say that these entries are done."""
        for key, entry_ids in ids.items():
            if entry_ids:
                with _nothing_held():
                    self._redis.xack(key, self.group, *entry_ids)

    def delete_idle(self, idle_ms: int) -> list[str]:
        """Delete consumers (never this one) that hold nothing and were idle for long. Returns their names."""
        deleted = []
        for key in self.keys:
            for other in self._redis.xinfo_consumers(key, self.group):
                name = other["name"].decode()
                if name != self.name and self._delete(key, name, idle_ms):
                    deleted.append(name)
        return deleted

    def leave(self) -> None:
        """Delete this consumer where it holds nothing. Its name finds its pending entries again later."""
        for key in self.keys:
            self._delete(key, self.name, 0)

    def disconnect(self) -> None:
        """Drop the connection; the next call opens another."""
        self._redis.connection_pool.disconnect()

    def close(self) -> None:
        """Close for good."""
        self._redis.close()

    def _refusal(self, key: str) -> redis.ResponseError | None:
        """Make the group of a partition. What Redis says if it refuses that."""
        # Asked first: a Redis that is out of memory makes no group, not even one that is there.
        if self._has_group(key):
            return None
        try:
            self._redis.xgroup_create(key, self.group, id="0", mkstream=True)
        except redis.ResponseError as error:
            return None if "BUSYGROUP" in str(error) else error
        return None

    def _connected(self, connection: Any) -> None:
        self.connections += 1
        connection.on_connect()

    def _has_group(self, key: str) -> bool:
        try:
            groups = self._redis.xinfo_groups(key)
        except redis.ResponseError:  # no such stream
            return False
        return any(group["name"] == self.group.encode() for group in groups)

    def _hold_again(self, key: str, idle_ms: int, *options: str | int) -> None:
        with _nothing_held():
            number, first, uncounted = self._redis.eval(
                HOLD_AGAIN, 2, key, vanished_key(key), self.group, self.name, idle_ms, "JUSTID", *options
            )
            self._say_vanished(key, number, first)
            self._uncounted[key] += uncounted

    def _say_vanished(self, key: str, number: int, first: bytes) -> None:
        if number:
            log.error(
                "%d entries of %s vanished while they were pending, %s and later: somebody deleted or trimmed them; "
                "what was not stored before, and is in nobody's hands, is lost",
                number,
                key,
                first.decode(),
            )

    def _count_vanished(self) -> None:
        """Count what could not be counted before."""
        with suppress(redis.exceptions.OutOfMemoryError):
            for key, number in list(self._uncounted.items()):
                if number:
                    self._redis.hincrby(vanished_key(key), self.group, number)
                del self._uncounted[key]

    def _delete(self, key: str, name: str, idle_ms: int) -> bool:
        return self._redis.eval(DELETE_IDLE_CONSUMER, 1, key, self.group, name, idle_ms) is not None

    def _read(self, count: int, blocking: tuple[Any, ...], ids: Iterable[str]) -> list[Entry]:
        answer = self._redis.execute_command(
            "XREADGROUP",
            "GROUP",
            self.group,
            self.name,
            "COUNT",
            count,
            *blocking,
            "STREAMS",
            *self.keys,
            *ids,
        )
        if not answer:
            return []
        entries: list[Entry] = []
        for raw_key, raw_entries in answer:
            key = raw_key.decode()
            entries += [Entry(key, entry_id.decode(), fields) for entry_id, fields in raw_entries]
        return entries


@contextmanager
def _nothing_held() -> Iterator[None]:
    """Where there is no group, or no stream at all, nothing is held: that is no error."""
    try:
        yield
    except redis.ResponseError as error:
        if not any(code in str(error) for code in ("NOGROUP", "WRONGTYPE")):
            raise


def _entry(key: str, raw: Any) -> Entry:
    return Entry(key, raw[0].decode(), raw[1])
