"""The connection of a shipper to Redis: batches of XADD in one round trip, and who the server is.

It packs and sends whole batches over one raw connection, because a shipper may live inside the engine:
every microsecond of Python here is one that the engine's own threads wait for the interpreter.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zlib import crc32

import redis
from hiredis import pack_command
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError
from redis.retry import Retry

from signaltape.journal.cursor import Anchor
from signaltape.redis_client import redis_client
from signaltape.settings import Secret
from signaltape.shipping.encoding import StreamEntry
from signaltape.shipping.forgetting import StreamState
from signaltape.stream import FIELD_DATA, FIELD_EVENT

log = logging.getLogger("signaltape")

#: No answer within this time means that the server is away; the batch is sent again later.
ANSWER_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 3.0

#: What can go wrong between us and the server. Errors of files are never among them.
StreamError = redis.RedisError
#: The one of them after which the connection is as good as before.
Refusal = redis.ResponseError


class Answer(NamedTuple):
    """What the server said to a batch."""

    #: what it knows of the streams, asked behind the batch
    states: dict[str, StreamState]
    #: entry ids, in order, up to the first event that was not taken
    entry_ids: list[str]
    #: why the next event was not taken, if any was not
    error: redis.ResponseError | None


def client(url: Secret) -> redis.Redis:
    """A client with bounded waits and no hidden retries. No connection is made yet."""
    return redis_client(
        url,
        socket_timeout=ANSWER_TIMEOUT_S,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )


class StreamClient:
    """One connection, opened on first use and after each failure."""

    def __init__(self, url: Secret) -> None:
        self._client = client(url)
        self._connection: Any = None
        #: the run id of the server behind this connection; empty if it does not say
        self.run_id = ""
        #: how many connections were made so far: behind a new one may be another server
        self.connections = 0
        self._said_what_is_refused = False

    def connect(self) -> None:
        """Connect, if need be, and learn which server this is. Raises one of StreamError."""
        if self._connection is not None:
            return
        pool = self._client.connection_pool
        try:
            connection: Any = pool.get_connection()
        except OSError as error:
            raise redis.ConnectionError(str(error)) from error
        try:
            connection.send_command("INFO", "server")
            info = _answer(connection)
            if isinstance(info, redis.ResponseError):
                self._note_refused("INFO", info)
            self.run_id = _run_id(info) if isinstance(info, bytes) else ""
        except BaseException as error:
            connection.disconnect()
            pool.release(connection)
            if isinstance(error, OSError):
                raise redis.ConnectionError(str(error)) from error
            raise
        self._connection = connection
        self.connections += 1

    def send(
        self, keys: Sequence[str], anchors: Mapping[str, Anchor], batch: Sequence[StreamEntry]
    ) -> Answer:
        """Add the batch, then ask for the state of each stream, in one round trip.

        In this order: a stream that vanishes between two entries of the batch is noticed at once.
        anchors: the entry to look for, by stream key.
        Raises one of StreamError if the connection fails: then nothing is known of the batch.
        """
        self.connect()
        # hiredis takes a tuple of any length; its stub says one of length 1
        pack: Any = pack_command
        packed: list[bytes] = []
        for key, name, data in batch:
            packed.append(pack(("XADD", key, b"*", FIELD_EVENT, name, FIELD_DATA, data)))
        for key in keys:
            packed.append(pack(("XINFO", "STREAM", key)))
            if key in anchors:
                packed.append(pack(("XRANGE", key, anchors[key].id, anchors[key].id, "COUNT", 1)))
        try:
            connection = self._connection
            connection.send_packed_command([b"".join(packed)])
            answers = [_answer(connection) for _ in batch]
            states = {key: self._state(anchors.get(key)) for key in keys}
        except BaseException as error:
            self.close()
            if isinstance(error, OSError):
                raise redis.ConnectionError(str(error)) from error
            raise
        return _sort_out(states, answers)

    def close(self) -> None:
        """Drop the connection; the next call opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()
            self._client.connection_pool.release(connection)

    def _state(self, anchor: Anchor | None) -> StreamState:
        """Read the answers to XINFO STREAM and to XRANGE for the anchor."""
        info = _answer(self._connection)
        holds_anchor = None
        if anchor is not None:
            found = _answer(self._connection)
            if isinstance(found, redis.ResponseError):
                self._note_refused("XRANGE", found)
            else:
                holds_anchor = any(anchor.checksum in (0, checksum_of(fields[-1])) for _, fields in found)
        if not isinstance(info, redis.ResponseError):
            return read_state(info, holds_anchor)
        if "no such key" in str(info).lower():
            return StreamState(exists=False)
        self._note_refused("XINFO", info)
        return StreamState(holds_anchor=holds_anchor)

    def _note_refused(self, command: str, error: redis.ResponseError) -> None:
        """Say once what we cannot know. Raises `error` unless it means that we may not ask."""
        if not (isinstance(error, NoPermissionError) or str(error).lower().startswith("unknown command")):
            if command == "INFO":
                raise error
            return  # what is wrong with the stream, XADD says too
        if not self._said_what_is_refused:
            self._said_what_is_refused = True
            log.warning(
                "Redis refuses %s to this user: events are shipped, but if Redis forgets some (restart, flush, "
                "eviction) it may not be noticed, and they are not sent again; allow +info +xinfo|stream +xrange",
                command,
            )


def checksum_of(data: bytes) -> int:
    """By what an entry of ours is known again, besides its id."""
    return crc32(data) or 1


def read_state(info: Sequence[Any], holds_anchor: bool | None) -> StreamState:
    """The answer to XINFO STREAM. Redis before 7 does not say what was ever added and deleted."""
    fields = dict(zip(info[::2], info[1::2], strict=True))
    first = fields.get(b"first-entry")
    return StreamState(
        exists=True,
        last_id=fields[b"last-generated-id"].decode(),
        first_id=first[0].decode() if first else "",
        deleted_id=fields.get(b"max-deleted-entry-id", b"").decode(),
        length=fields[b"length"],
        added=fields.get(b"entries-added"),
        holds_anchor=holds_anchor,
    )


def _answer(connection: Any) -> Any:
    try:
        return connection.read_response()
    except redis.ConnectionError:  # also LOADING: the server is there, but not yet
        raise
    except redis.ResponseError as error:
        return error


def _sort_out(states: dict[str, StreamState], answers: list[Any]) -> Answer:
    entry_ids: list[str] = []
    for answer in answers:
        if isinstance(answer, redis.ResponseError):
            return Answer(states, entry_ids, answer)
        entry_ids.append(answer.decode())
    return Answer(states, entry_ids, None)


def _run_id(info: bytes) -> str:
    for line in info.decode().splitlines():
        name, _, value = line.partition(":")
        if name == "run_id":
            return value
    return ""
