"""A link: one connection to one server, over which partitions are read together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from consumer.entry import Entry
from signaltape.redis_client import redis_client
from signaltape.settings import Secret

#: What can go wrong between us and Redis.
RedisError = (redis.RedisError, OSError)

ANSWER_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 3.0


def _as_it_is(response: Any, **_: Any) -> Any:
    return response


class Link:
    """One connection to the server at `url`. One instance per thread; what fails is not tried again here.

    Every method raises one of RedisError when Redis is away.
    """

    def __init__(self, url: Secret) -> None:
        #: redis-py's client, for commands of one partition
        self.redis: Any = redis_client(
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
            self.redis.set_response_callback(command, _as_it_is)

    def read(
        self,
        group: str,
        name: str,
        count: int,
        keys: Sequence[str],
        after: Sequence[str],
        *,
        block_ms: int | None = None,
    ) -> list[Entry]:
        """Up to `count` entries of each stream in `keys`, given to the consumer `name` of a group: one XREADGROUP.

        after: for each key the id behind which to read what is pending, or `>` for what nobody was given yet;
        block_ms: how long to wait for an entry if there is none.
        """
        blocking = ("BLOCK", block_ms) if block_ms else ()
        answer = self.redis.execute_command(
            *("XREADGROUP", "GROUP", group, name, "COUNT", count, *blocking, "STREAMS", *keys, *after)
        )
        entries: list[Entry] = []
        for raw_key, raw_entries in answer or ():
            key = raw_key.decode()
            entries += [Entry(key, entry_id.decode(), fields) for entry_id, fields in raw_entries]
        return entries

    def disconnect(self) -> None:
        """Drop the connection; the next call opens another."""
        self.redis.connection_pool.disconnect()

    def close(self) -> None:
        """Close for good."""
        self.redis.close()

    def _connected(self, connection: Any) -> None:
        self.connections += 1
        connection.on_connect()
