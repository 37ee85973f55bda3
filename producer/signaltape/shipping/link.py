"""The connection of a shipper to Redis: batches of XADD in one round trip, and who the server is.

It packs and sends whole batches over one raw connection, because a shipper may live inside the engine:
every microsecond of Python here is one that the engine's own threads wait for the interpreter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import redis
from hiredis import pack_command
from redis.backoff import NoBackoff
from redis.retry import Retry

from signaltape.stream import FIELD_DATA, FIELD_EVENT

#: No answer within this time means that the server is away; the batch is sent again later.
ANSWER_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 3.0

#: What can go wrong between us and the server.
LinkError = (redis.RedisError, OSError)


class Outgoing(NamedTuple):
    """One event on its way: stream key, event name, JSON."""

    key: str
    name: bytes
    data: bytes


class Answer(NamedTuple):
    """What the server said to a batch."""

    #: for each stream key asked about: its last entry id before this batch; None if it does not exist
    last_ids: dict[str, str | None]
    #: entry ids, in order, up to the first event that was not taken
    entry_ids: list[str]
    #: why the next event was not taken, if any was not
    error: redis.ResponseError | None


def client(url: str) -> redis.Redis:
    """A client with bounded waits and no hidden retries. No connection is made yet."""
    return redis.Redis.from_url(
        url,
        protocol=2,
        socket_timeout=ANSWER_TIMEOUT_S,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )


class Link:
    """One connection, opened on first use and after each failure."""

    def __init__(self, url: str) -> None:
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

    def send(self, keys: Sequence[str], batch: Sequence[Outgoing]) -> Answer:
        """Ask for the last entry id of each key, then add the batch, in one round trip.

        Raises one of LinkError if the connection fails: then nothing is known of the batch.
        """
        self.connect()
        connection = self._connection
        # hiredis takes a tuple of any length; its stub says one of length 1
        pack: Any = pack_command
        packed: list[bytes] = [pack(("XINFO", "STREAM", key)) for key in keys]
        for key, name, data in batch:
            packed.append(pack(("XADD", key, b"*", FIELD_EVENT, name, FIELD_DATA, data)))
        try:
            connection.send_packed_command([b"".join(packed)])
            last_ids = {key: self._last_id() for key in keys}
            answers = [self._answer() for _ in batch]
        except BaseException:
            self.close()
            raise
        return _sort_out(last_ids, answers)

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

    def _last_id(self) -> str | None:
        answer = self._answer()
        if isinstance(answer, redis.ResponseError):
            if "no such key" in str(answer).lower():
                return None
            return ""  # may not ask (ACL): then nothing can be noticed either
        fields = dict(zip(answer[::2], answer[1::2], strict=True))
        return bytes(fields[b"last-generated-id"]).decode()


def _sort_out(last_ids: dict[str, str | None], answers: list[Any]) -> Answer:
    entry_ids: list[str] = []
    for answer in answers:
        if isinstance(answer, redis.ResponseError):
            return Answer(last_ids, entry_ids, answer)
        entry_ids.append(answer.decode())
    return Answer(last_ids, entry_ids, None)


def _run_id(info: bytes) -> str:
    for line in info.decode().splitlines():
        name, _, value = line.partition(":")
        if name == "run_id":
            return value
    return ""
