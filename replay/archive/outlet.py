"""A replay into a Redis Stream of its own, `signaltape:replay:<session>`, that any engine can read."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import Any

from hiredis import pack_command

from signaltape.redis_client import redis_client
from signaltape.replay.session import ReplayEvent
from signaltape.settings import Secret
from signaltape.stream import (
    FIELD_DATA,
    FIELD_EVENT,
    FIELD_ID,
    FIELD_REPLAY,
    output_beside,
    output_key,
    replay_key,
)

__all__ = ["StreamOutlet", "delete_streams", "replay_key"]

#: As fast as possible, so many events go in one round trip.
_BATCH = 500


def delete_streams(url: Secret, stream: str, session_ids: Iterable[str]) -> None:
    """Delete the streams of sessions that are gone, and what engines emitted. Raises redis.RedisError."""
    with closing(redis_client(url)) as client:
        for session_id in session_ids:
            client.unlink(replay_key(stream, session_id))
            client.unlink(output_key(stream, session_id))


class StreamOutlet:
    """Adds events to the session's stream, each marked with the session.

    A new replay begins with an empty stream, and with nothing that engines emitted in an earlier one.

    client: a redis.Redis. Raises redis.RedisError.
    """

    def __init__(self, client: Any, key: str, session_id: str) -> None:
        self._key = key
        self._session = session_id.encode()
        #: send every event by itself, as spacing asks for
        self.at_once = False
        self._waiting: list[bytes] = []
        client.delete(key)
        client.delete(output_beside(key))
        # packed by hand: redis-py's pipeline would look through every field several times
        self._connection = client.connection_pool.get_connection()

    def send(self, event: ReplayEvent) -> None:
        """Add one event."""
        pack: Any = pack_command  # its stub knows tuples of length 1 only
        head = ("XADD", self._key, "*", FIELD_EVENT, event.event, FIELD_DATA, event.payload)
        mark = (
            FIELD_ID,
            event.event_id,
            FIELD_REPLAY,
            self._session,
            b"type",
            event.type,
            b"index",
            event.index,
        )
        self._waiting.append(pack(head + mark))
        if self.at_once or len(self._waiting) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Send what waits."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._connection.send_packed_command([b"".join(waiting)])
            for _ in waiting:
                self._connection.read_response()
