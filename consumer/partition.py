"""One partition, as one consumer of a group sees it: all that concerns a single stream key."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import redis

from consumer.entry import Entry
from consumer.link import Link
from consumer.lua import DELETE_IDLE_CONSUMER, HOLD_AGAIN, STRIKE_OUT, TRIM_BELOW_EVERY_GROUP
from consumer.poison import crash_key, is_poison_candidate
from signaltape.stream import entry_order, vanished_key

log = logging.getLogger("signaltape")

#: Before the first entry that is pending.
_START = "0"
#: Longer than anybody waits before taking over what a consumer holds.
_FOR_LONG_MS = 7 * 86_400_000
#: A consumer that lives asks for entries twice a second.
_SILENT_MS = 600_000
#: Others of our own pending entries may lie between the ones asked about.
_SLACK = 1000


class Partition:
    """One stream key for the consumer `name` of a group, over the link to the server that has it.

    Every method raises one of RedisError when Redis is away.
    """

    def __init__(self, key: str, link: Link, group: str, name: str) -> None:
        self.key = key
        self.link = link
        self._redis = link.redis
        self._group = group
        self._name = name
        #: the last of our pending entries that was read
        self.position = _START
        #: it cannot be read now
        self.left_out = False
        #: vanished entries that a Redis without memory did not count
        self._uncounted = 0

    def rewind(self) -> None:
        """Read what is pending from its start again."""
        self.position = _START

    def ensure_group(self) -> redis.ResponseError | None:
        """Make the group, and the stream, where they are missing. What Redis says if it refuses that."""
        # Asked first: a Redis that is out of memory makes no group, not even one that is there.
        if self._has_group():
            return None
        try:
            self._redis.xgroup_create(self.key, self._group, id="0", mkstream=True)
        except redis.ResponseError as error:
            return None if "BUSYGROUP" in str(error) else error
        return None

    def holds_beside(self, known: set[tuple[str, str]]) -> bool:
        """Whether more is pending for this consumer than these entries (stream key, entry id)."""
        held = self._redis.xpending_range(self.key, self._group, "-", "+", len(known) + 1, self._name)
        return any((self.key, row["message_id"].decode()) not in known for row in held)

    def keep(self, idle_ms: int) -> None:
        """What this consumer has held for `idle_ms` or longer is still in work: as if given out just now."""
        self._hold_again(idle_ms)

    def give_back(self) -> None:
        """What this consumer holds was not tried: no delivery counts, and others may take it over at once."""
        self._hold_again(0, "RETRYCOUNT", 0, "IDLE", _FOR_LONG_MS)

    def claim(self, count: int, min_idle_ms: int) -> Iterator[list[Entry]]:
        """Take over, up to `count` at a step, what another consumer has held for longer than `min_idle_ms`.

        Redis from 7 on acknowledges by itself those that vanished; they are counted here.
        """
        cursor = b"0-0"
        while True:
            cursor, claimed, *gone = self._redis.execute_command(
                "XAUTOCLAIM", self.key, self._group, self._name, min_idle_ms, cursor, "COUNT", count
            )
            if gone and gone[0]:
                self._say_vanished(len(gone[0]), gone[0][0])
                self._uncounted += len(gone[0])
                self.count_vanished()
            yield [Entry(self.key, raw[0].decode(), raw[1]) for raw in claimed if raw is not None]
            if cursor == b"0-0":
                return

    def poison_candidates(self, ids: Sequence[str]) -> set[str]:
        """Which of these entries, now ours, were given out so often that each needs an isolated attempt."""
        low, high = min(ids, key=entry_order), max(ids, key=entry_order)
        held = self._redis.xpending_range(self.key, self._group, low, high, len(ids) + _SLACK, self._name)
        return {row["message_id"].decode() for row in held if is_poison_candidate(row["times_delivered"])}

    def strike_out(self, ids: Sequence[str]) -> None:
        """These pending entries were deleted from the stream: they are counted, and pending no longer."""
        number, uncounted = self._redis.eval(
            STRIKE_OUT, 2, self.key, vanished_key(self.key), self._group, *ids
        )
        self._say_vanished(number, ids[0].encode())
        self._uncounted += uncounted

    def count_vanished(self) -> None:
        """Count what could not be counted before."""
        with suppress(redis.exceptions.OutOfMemoryError):
            if self._uncounted:
                self._redis.hincrby(vanished_key(self.key), self._group, self._uncounted)
                self._uncounted = 0

    def begin_isolated_attempt(self, entry_id: str) -> int | None:
        """Count an isolated attempt; returns the how manieth of the entry it is. None if Redis has no memory for it."""
        try:
            return int(self._redis.hincrby(crash_key(self.key, self._group), entry_id, 1))
        except redis.exceptions.OutOfMemoryError:
            return None

    def end_isolated_attempt(self, entry_id: str) -> None:
        """The attempt ended without a crash."""
        self._redis.hdel(crash_key(self.key, self._group), entry_id)

    def trim(self, retention_id: str) -> int:
        """Drop entries below `retention_id` that every group is done with. Returns how many went."""
        return int(self._redis.eval(TRIM_BELOW_EVERY_GROUP, 1, self.key, retention_id))

    def let_go(self, group: str, oldest_id: str) -> bool:
        """Delete a group (never one's own) that nobody has read for, and that is not done with an entry below
        `oldest_id`. Whether it was deleted.

        Its process makes it again, from the stream's start, when it is back.
        """
        if group == self._group or not self._is_behind(group, oldest_id) or self._is_read_by(group):
            return False
        return bool(self._redis.xgroup_destroy(self.key, group))

    def memory_bytes(self) -> int:
        """What it takes in Redis, estimated by it from samples."""
        return int(self._redis.memory_usage(self.key, samples=20) or 0)

    def acknowledge(self, ids: Sequence[str]) -> None:
        """Say that these entries are done."""
        if ids:
            with _nothing_held():
                self._redis.xack(self.key, self._group, *ids)

    def delete_idle(self, idle_ms: int) -> list[str]:
        """Delete consumers (never this one) that hold nothing and were idle for long. Returns their names."""
        names = [one["name"].decode() for one in self._redis.xinfo_consumers(self.key, self._group)]
        return [name for name in names if name != self._name and self._delete(name, idle_ms)]

    def leave(self) -> None:
        """Delete this consumer if it holds nothing. Its name finds its pending entries again later."""
        self._delete(self._name, 0)

    def _is_behind(self, group: str, oldest_id: str) -> bool:
        """Whether what a group is to do next lies below an id: given out and not acknowledged, or not given out yet."""
        groups = {
            one["name"]: one["last-delivered-id"].decode() for one in self._redis.xinfo_groups(self.key)
        }
        delivered = groups.get(group.encode())
        if delivered is None:
            return False
        pending = self._redis.xpending(self.key, group)["min"]
        ungiven = self._redis.xrange(self.key, min=f"({delivered}", count=1)
        undone = [pending, *(entry_id for entry_id, _ in ungiven)]
        return any(one is not None and entry_order(one.decode()) < entry_order(oldest_id) for one in undone)

    def _is_read_by(self, group: str) -> bool:
        """Whether a consumer of a group lives."""
        return any(one["idle"] < _SILENT_MS for one in self._redis.xinfo_consumers(self.key, group))

    def _has_group(self) -> bool:
        try:
            groups = self._redis.xinfo_groups(self.key)
        except redis.ResponseError:  # no such stream
            return False
        return any(group["name"] == self._group.encode() for group in groups)

    def _hold_again(self, idle_ms: int, *options: str | int) -> None:
        keys = (self.key, vanished_key(self.key))
        with _nothing_held():
            number, first, uncounted = self._redis.eval(
                HOLD_AGAIN, 2, *keys, self._group, self._name, idle_ms, "JUSTID", *options
            )
            self._say_vanished(number, first)
            self._uncounted += uncounted

    def _say_vanished(self, number: int, first: bytes) -> None:
        if number:
            log.error(
                "%d entries of %s vanished while they were pending, %s and later: somebody deleted or trimmed them; "
                "what was not stored before, and is in nobody's hands, is lost",
                *(number, self.key, first.decode()),
            )

    def _delete(self, name: str, idle_ms: int) -> bool:
        answer: Any = self._redis.eval(DELETE_IDLE_CONSUMER, 1, self.key, self._group, name, idle_ms)
        return answer is not None


@contextmanager
def _nothing_held() -> Iterator[None]:
    """Where there is no group, or no stream at all, nothing is held: that is no error.

    Nor is a key that may not be touched: whoever reads says so and leaves its partition out, and what is held there
    comes again once it may be.
    """
    try:
        yield
    except redis.exceptions.NoPermissionError as error:
        if "to access" not in str(error):  # but to run a command
            raise
    except redis.ResponseError as error:
        if not any(code in str(error) for code in ("NOGROUP", "WRONGTYPE")):
            raise
