"""`worker status` and the metrics are asked while workers go on: what changes between two questions is no error."""

from __future__ import annotations

from typing import Any

from signaltape import Settings
from signaltape.clock import utc_now
from signaltape.stream import WORKER_GROUP, stream_key, vanished_key
from tests.integration.draining import add
from tests.support.samples import closed
from worker.status import stream_status


class Busy:
    """A client of Redis; the worker acknowledges all just before it is asked what is pending."""

    def __init__(self, client: Any, key: str) -> None:
        self._client = client
        self._key = key

    def __getattr__(self, name: str) -> Any:
        if name == "xpending":
            ids = [
                one["message_id"]
                for one in self._client.xpending_range(self._key, WORKER_GROUP, "-", "+", 10)
            ]
            self._client.xack(self._key, WORKER_GROUP, *ids)
        return getattr(self._client, name)


def test_the_last_pending_entry_is_acknowledged_meanwhile(
    settings: Settings, redis_client: Any, key: str
) -> None:
    redis_client.xgroup_create(key, WORKER_GROUP, id="0", mkstream=True)
    add(redis_client, key, "signal_closed", closed())
    redis_client.xreadgroup(WORKER_GROUP, "w-1", {key: ">"})
    (status,) = stream_status(Busy(redis_client, key), settings, utc_now())
    assert (status.pending, status.oldest_pending_s) == (0, 0.0)


def test_what_vanished_is_shown_of_a_stream_that_is_gone_too(
    settings: Settings, redis_client: Any, key: str
) -> None:
    beyond = stream_key(settings.stream, 3)
    redis_client.hset(vanished_key(key), WORKER_GROUP, 2)
    redis_client.hset(vanished_key(beyond), WORKER_GROUP, 1)
    redis_client.xgroup_create(beyond, WORKER_GROUP, id="0", mkstream=True)
    found = {part.key: part.vanished for part in stream_status(redis_client, settings, utc_now())}
    assert found == {key: 2, beyond: 1}
