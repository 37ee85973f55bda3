"""The connection of a shipper to Redis: batches of XADD in one round trip, and who the server is.

It packs and sends whole batches over one raw connection, because a shipper may live inside the engine:
every microsecond of Python here is one that the engine's own threads wait for the interpreter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import redis
from hiredis import pack_command
from redis.backoff import NoBackoff
from redis.retry import Retry

from signaltape.redis_client import redis_client
from signaltape.settings import Secret
from signaltape.shipping.outgoing import Outgoing
from signaltape.stream import FIELD_DATA, FIELD_EVENT

#: No answer within this time means that the server is away; the batch is sent again later.
ANSWER_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 3.0

#: What can go wrong between us and the server.
LinkError = (redis.RedisError, OSError)


class StreamState(NamedTuple):
    """What Redis knows of one stream, asked before a batch is added to it."""

    #: its last entry id; None if there is no such stream, empty if we may not ask
    last_id: str | None
    #: whether it lacks the entry that we were last given, though nothing was ever removed from it
    lacks_ours: bool = False


class Answer(NamedTuple):
    """What the server said to a batch."""

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


class Link:
    """One connection, opened on first use and after each failure."""

    def __init__(self, url: Secret) -> None:
        self._client = client(url)
        self._connection: Any = None
        #: the run id of the server behind this connection
        self.run_id = ""

    def connect(self) -> None:
        """Connect, if need be, and learn which server this is. Raises one of LinkError."""
        if self._connection is not None:
            return
        pool = self._client.connection_pool
        connection: Any = pool.get_connection()
        try:
            connection.send_command("INFO", "server")
            self.run_id = _run_id(connection.read_response())
        except BaseException:
            connection.disconnect()
            pool.release(connection)
            raise
        self._connection = connection

    def send(self, keys: Sequence[str], given: Mapping[str, str], batch: Sequence[Outgoing]) -> Answer:
        """Ask for the state of each stream, then add the batch, in one round trip.

        given: the last entry id that we were given, by stream key.
        Raises one of LinkError if the connection fails: then nothing is known of the batch.
        """
        self.connect()
        connection = self._connection
        # hiredis takes a tuple of any length; its stub says one of length 1
        pack: Any = pack_command
        packed: list[bytes] = []
        for key in keys:
            packed.append(pack(("XINFO", "STREAM", key)))
            packed.append(pack(("XRANGE", key, given.get(key, "0-0"), given.get(key, "0-0"), "COUNT", 1)))
        for key, name, data in batch:
            packed.append(pack(("XADD", key, b"*", FIELD_EVENT, name, FIELD_DATA, data)))
        try:
            connection.send_packed_command([b"".join(packed)])
            states = {key: _state(self._answer(), self._answer(), key in given) for key in keys}
            answers = [self._answer() for _ in batch]
        except BaseException:
            self.close()
            raise
        return _sort_out(states, answers)

    def close(self) -> None:
        """Drop the connection; the next call opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()
            self._client.connection_pool.release(connection)

    def _answer(self) -> Any:
        try:
            return self._connection.read_response()
        except redis.ConnectionError:  # also LOADING: the server is there, but not yet
            raise
        except redis.ResponseError as error:
            return error


def _state(info: Any, ours: Any, was_given: bool) -> StreamState:
    """Read the answers to XINFO STREAM and to XRANGE for the entry that we were last given."""
    if isinstance(info, redis.ResponseError):
        missing = "no such key" in str(info).lower()
        return StreamState(None if missing else "")  # else we may not ask (ACL), and can notice nothing
    fields = dict(zip(info[::2], info[1::2], strict=True))
    last_id = bytes(fields[b"last-generated-id"]).decode()
    # `entries-added` is there from Redis 7 on; equal to the length, nothing was ever trimmed or deleted
    whole = fields.get(b"entries-added") == fields[b"length"]
    return StreamState(last_id, lacks_ours=was_given and whole and ours == [])


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
