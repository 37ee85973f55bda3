"""The tape in one order, the same for every reader at any time: for who keeps a state that hangs on the order.

Redis numbers the entries of a partition by its clock. Of several partitions on one server, all entries whose
millisecond is over are merged by their ids; what is added later can only have later ids, unless the server's clock is
set back. With one partition there is no wait.

A reader is given no entries: it looks, and keeps by itself how far it is. Its consumer group holds no more than that
place, so that trimming waits for it; and a consumer that asks for nothing, by which it is seen that somebody reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import redis

from consumer.entry import Entry
from consumer.partitions import existing
from signaltape.errors import SettingsError
from signaltape.redis_client import redis_client
from signaltape.settings import Secret
from signaltape.stream import entry_order

#: Before the first entry.
START = "0-0"
Positions = Mapping[str, str]
_Raw = tuple[bytes, list[bytes]]
#: Of a group that is not there (any more), and of a stream that is not.
_NO_GROUP = ("NOGROUP", "requires the key to exist", "no such key")


class Look(NamedTuple):
    """What a look found: entries in the order of the tape, where the reader then is, whether more lay ready behind.

    ahead_ms: how long until the next entry's millisecond is over; None if there is none that has to be waited for.
    """

    entries: list[Entry]
    positions: dict[str, str]
    more: bool
    ahead_ms: int | None


class TapeReader:
    """Reads the partitions `keys`, and those `beyond` that exist, of the one server at `url`; for one thread.

    group: its group's name. Every method raises redis.RedisError or OSError when Redis is away.
    """

    def __init__(self, url: Secret, keys: Sequence[str], group: str, beyond: Sequence[str] = ()) -> None:
        self._redis: Any = redis_client(url)
        self._redis.set_response_callback("XRANGE", lambda response, **_: response)
        self._redis.set_response_callback("XREAD", lambda response, **_: response)
        self._group = group
        self.keys = list(keys)
        self._beyond = list(beyond)

    def begin(self, positions: Positions) -> dict[str, str]:
        """Make the group where it is missing, and see whether the tape still is the one that was read.

        Returns where to go on: as given, but from the start where a stream was begun anew and ends before that.
        Raises SettingsError for a server that is one of several.
        """
        self._refuse_cluster()
        self._take_in()
        return {key: self._begin_one(key, positions.get(key, START)) for key in self.keys}

    def look(self, positions: Positions, most: int) -> Look:
        """The entries behind `positions`, in the order of the tape: about `most` of each partition, at one moment."""
        while True:
            new, now_ms, found = self._look_once(positions, most)
            if not new:
                return _merged(self.keys, positions, found, most, now_ms if len(self.keys) > 1 else None)
            self._take_in()

    def wait(self, positions: Positions, ms: int) -> bool:
        """Whether there is anything behind `positions`: waits for it up to so long."""
        streams = {key: positions.get(key, START) for key in self.keys}
        return bool(self._redis.xread(streams, count=1, block=max(1, ms)))

    def follow(self, positions: Positions) -> list[str]:
        """All up to `positions` is done: trimming waits for it no longer.

        Returns the keys that are not what was read: whose group is gone, or that end before that place.
        """
        held = [key for key in self.keys if positions.get(key, START) != START]
        with self._redis.pipeline(transaction=False) as pipe:
            for key in held:
                pipe.xgroup_setid(key, self._group, positions[key])
                pipe.xinfo_stream(key)
            for key in held:
                pipe.xreadgroup(self._group, self._group, {key: START}, count=1)
            answers = pipe.execute(raise_on_error=False) if held else []
        pairs = zip(held, answers[: 2 * len(held) : 2], answers[1 : 2 * len(held) : 2], strict=True)
        return [key for key, moved, info in pairs if _is_gone(moved) or _ends_before(info, positions[key])]

    def reaches_back(self, from_ms: int) -> bool:
        """Whether the tape still holds all that it ever held from a millisecond on."""
        answers = self._ends(self.keys)
        return all(map(_reaches_back, answers[::2], answers[1::2], repeat(from_ms)))

    def _ends(self, keys: Sequence[str]) -> list[Any]:
        """Of each stream its first entry, in a list, and what is known of it; twice the error, if there is none."""
        with self._redis.pipeline(transaction=True) as pipe:
            for key in keys:
                pipe.xrange(key, count=1)
                pipe.xinfo_stream(key)
            answers: list[Any] = pipe.execute(raise_on_error=False) if keys else []
        for answer in answers:
            if isinstance(answer, Exception) and not _is_no_stream(answer):
                raise answer
        return answers

    def lacking(self, positions: Positions) -> list[str]:
        """The keys of which something behind these places is gone: the entry there is kept as long as the group is."""
        held = [key for key in self.keys if positions.get(key, START) != START]
        answers = self._ends(held)
        return [
            key
            for key, first, info in zip(held, answers[::2], answers[1::2], strict=True)
            if not _has_all_behind(first, info, positions[key])
        ]

    def close(self) -> None:
        """Close for good."""
        self._redis.close()

    def disconnect(self) -> None:
        """Drop the connection; the next call opens another."""
        self._redis.connection_pool.disconnect()

    def _look_once(self, positions: Positions, most: int) -> tuple[bool, int, list[list[_Raw]]]:
        """Whether there are partitions that were not looked at, the server's time, and what each partition gave."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.time()
            if self._beyond:
                pipe.exists(*self._beyond)
            for key in self.keys:
                pipe.xrange(key, min=f"({positions.get(key, START)}", count=most)
            (seconds, micros), *answers = pipe.execute()
        new = bool(self._beyond and answers.pop(0))
        return new, seconds * 1000 + micros // 1000, answers

    def _take_in(self) -> None:
        """From now on look at the partitions beyond that exist, too; what is there and no stream is passed over."""
        there = [key for key in self._beyond if self._redis.exists(key)] if self._beyond else []
        streams = existing(self._redis, there)
        self._beyond = [key for key in self._beyond if key not in there]
        self.keys = sorted({*self.keys, *streams}, key=_number_of)

    def _begin_one(self, key: str, position: str) -> str:
        self._make_group(key, position)
        if not _ends_before(self._redis.xinfo_stream(key), position):
            return position
        self._redis.xgroup_setid(key, self._group, START)
        return START

    def _make_group(self, key: str, position: str) -> None:
        if _has_group(self._redis, key, self._group):
            return
        try:
            self._redis.xgroup_create(key, self._group, id=position, mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def _refuse_cluster(self) -> None:
        try:
            several = self._redis.info("cluster").get("cluster_enabled")
        except redis.ResponseError:  # who may not ask goes on
            return
        if several:
            raise SettingsError(
                "REDIS_URL names a server of a cluster: its partitions lie on several servers, whose clocks give no "
                "common order; ghosts and guard need a tape on one server"
            )


def _merged(
    keys: Sequence[str], positions: Positions, found: list[list[_Raw]], most: int, now_ms: int | None
) -> Look:
    """Of what each partition gave, all that is known to be complete, in order. now_ms: None for one partition."""
    entries = _in_order(keys, found)
    full = [some[-1][0].decode() for some in found if len(some) >= most]
    if now_ms is None:
        taken, more, ahead_ms = entries, bool(full), None
    else:
        bound = min([(now_ms, -1), *map(_behind, full)])
        taken = [entry for entry in entries if entry_order(entry.entry_id) < bound]
        left = entries[len(taken) :]
        more = any(entry_order(one)[0] < now_ms for one in full)
        ahead_ms = entry_order(left[0].entry_id)[0] - now_ms + 1 if left and not more else None
    reached = {key: positions.get(key, START) for key in keys}
    reached.update({entry.stream: entry.entry_id for entry in taken})
    return Look(taken, reached, more, ahead_ms)


def _behind(entry_id: str) -> tuple[int, int]:
    """The place right behind an id."""
    ms, number = entry_order(entry_id)
    return ms, number + 1


def _in_order(keys: Sequence[str], found: Sequence[list[_Raw]]) -> list[Entry]:
    """The entries of several partitions by id; two of one id by their partition."""
    some = [list(_entries(key, raw)) for key, raw in zip(keys, found, strict=True) if raw]
    if len(some) == 1:
        return some[0]
    # stable, and the partitions stand in their order
    return sorted((one for part in some for one in part), key=lambda one: entry_order(one.entry_id))


def _entries(key: str, raw: list[_Raw]) -> Iterator[Entry]:
    return (Entry(key, entry_id.decode(), fields) for entry_id, fields in raw)


def _has_all_behind(first: Any, info: Any, position: str) -> bool:
    """Whether a stream still holds all that it ever held behind a place."""
    if isinstance(first, Exception) or isinstance(info, Exception):
        return True  # there is no such stream
    if info.get("entries-added") == info["length"]:
        return True
    begins_at = first[0][0].decode() if first else info["last-generated-id"].decode()
    return entry_order(begins_at) <= entry_order(position)


def _reaches_back(first: Any, info: Any, from_ms: int) -> bool:
    """Whether a stream still holds all that it ever held from a millisecond on."""
    if isinstance(first, Exception) or isinstance(info, Exception):
        return True  # there is no such stream
    if info.get("entries-added") == info["length"]:
        return True
    return bool(first) and entry_order(first[0][0].decode())[0] < from_ms


def _is_gone(answer: Any) -> bool:
    """Whether a group was not there. Raises any other error."""
    if isinstance(answer, redis.ResponseError) and any(word in str(answer) for word in _NO_GROUP):
        return True
    if isinstance(answer, Exception):
        raise answer
    return False


def _ends_before(info: Any, position: str) -> bool:
    """Whether a stream never reached a place. Raises the error that its state may be."""
    if isinstance(info, Exception):
        raise info
    return entry_order(info["last-generated-id"].decode()) < entry_order(position)


def _is_no_stream(error: Exception) -> bool:
    return isinstance(error, redis.ResponseError) and "no such key" in str(error)


def _has_group(client: Any, key: str, group: str) -> bool:
    try:
        return any(one["name"] == group.encode() for one in client.xinfo_groups(key))
    except redis.ResponseError:  # no such stream
        return False


def before_ms(keys: Sequence[str], from_ms: int) -> dict[str, str]:
    """Positions right before a millisecond."""
    place = f"{from_ms - 1}-{2**64 - 1}" if from_ms > 0 else START
    return dict.fromkeys(keys, place)


def place_of(stream: str, entry_id: str) -> tuple[int, int, int]:
    """Where an entry stands in the order of the tape, as something to compare."""
    return *entry_order(entry_id), _number_of(stream)


def _number_of(key: str) -> int:
    """The number of a partition by its key."""
    return int(key.rpartition("{")[2].rstrip("}"))
