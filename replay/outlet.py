"""A replay into a Redis Stream of its own, `signaltape:replay:<session>`, that any engine can read."""

from __future__ import annotations

from typing import Any

from signaltape.replay.session import ReplayEvent
from signaltape.stream import FIELD_DATA, FIELD_EVENT, FIELD_ID, FIELD_REPLAY

#: As fast as possible, so many events go in one round trip.
_BATCH = 500


def replay_key(stream: str, session_id: str) -> str:
    """The key of a session's stream."""
    return f"{stream}:replay:{session_id}"


class StreamOutlet:
    """Adds events to the session's stream, each marked with the session. A new replay begins with an empty stream.

    client: a redis.Redis; at_once: send every event by itself, as spacing asks for. Raises redis.RedisError.
    """

    def __init__(self, client: Any, key: str, session_id: str, *, at_once: bool) -> None:
        self._client = client
        self._key = key
        self._session = session_id.encode()
        self._at_once = at_once
        self._pipe = client.pipeline(transaction=False)
        self._waiting = 0
        client.delete(key)

    def send(self, event: ReplayEvent) -> None:
        """Add one event."""
        fields = {
            FIELD_EVENT: event.event.encode(),
            FIELD_DATA: event.payload,
            FIELD_ID: event.event_id.encode(),
            FIELD_REPLAY: self._session,
            b"type": event.type.encode(),
            b"index": str(event.index).encode(),
        }
        if self._at_once:
            self._client.xadd(self._key, fields)
            return
        self._pipe.xadd(self._key, fields)
        self._waiting += 1
        if self._waiting >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Send what waits."""
        if self._waiting:
            self._pipe.execute()
            self._waiting = 0
