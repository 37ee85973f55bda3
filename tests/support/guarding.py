"""Measurements on a tape, and a guard that folds and judges them in this process or another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from msgspec import structs

from consumer.tape_order import TapeReader
from guard.model.reading import read_rules
from guard.model.rules import Rules
from guard.runner import Counted, Runner
from guard.settings import Chat, GuardSettings
from signaltape import Emitter, Settings
from signaltape.clock import utc_now
from signaltape.measuring.histogram import Histogram
from signaltape.redis_client import redis_url
from signaltape.stream import GUARD_GROUP, stream_key, stream_keys
from sink.db import Connection, database_url, rows_as_dicts
from tests.support.samples import new_id
from tests.support.waiting import at_work

ENDPOINT = "GET /api/signal/<symbol>"
#: One rule that fires at once and is told within a second.
SLOW = """
gather = "1s"
repeat = ["1h"]
[rule.rest-p95]
kind = "threshold"
category = "performance"
of = "http"
figure = "latency_ms"
value = "p95"
unit = "ms"
target = 450
alert_above = 650
window = "30s"
resolve_after = "1s"
what = "An endpoint is slow"
costs = "Traders wait."
do = "Look at it."
runbook = "errors-and-latency"
"""


def rules_of(text: str = SLOW) -> Rules:
    """Rules as a file of them has them."""
    return read_rules(text, "test.toml")


class Measures:
    """A tape that a test writes measurements to by hand."""

    def __init__(self, client: Any, stream: str) -> None:
        self._client, self._key = client, stream_key(stream, 0)

    def put(
        self, *values: float, at: datetime | None = None, record_id: str | None = None, **more: Any
    ) -> str:
        """One record of an endpoint's latencies; its id."""
        histogram, moment = Histogram(), at or datetime.now(UTC)
        for value in values:
            histogram.add(value)
        fields = {
            "id": record_id or new_id(),
            "timestamp": moment,
            "kind": "http",
            "name": ENDPOINT,
            "figure": "latency_ms",
            "unit": "ms",
            "since": moment - timedelta(seconds=10),
            "count": len(values),
            "sum": sum(values),
            "min": min(values),
            "max": max(values),
            "last": values[-1],
            "histogram": histogram.to_text(),
            "statuses": {"2xx": len(values)},
            "engine": "ib-1",
            **more,
        }
        entry: dict[Any, Any] = {"event": "measurement", "data": msgspec.json.encode(fields)}
        self._client.xadd(self._key, entry)
        return str(fields["id"])


class Guard:
    """A guard that is run in this process, up to the tape's end; each run is another one."""

    def __init__(
        self,
        settings: Settings,
        connection: Connection,
        rules: str = SLOW,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.guard = GuardSettings(common=settings, rules=rules_of(rules), chats=(Chat("-100"),))
        self._connection, self._clock = connection, clock

    @contextmanager
    def beside(self, clock: Callable[[], datetime] = utc_now, **more: Any) -> Iterator[Runner]:
        """Another one, at work in a thread until the end."""
        settings, stop = self.guard.common, threading.Event()
        keys = stream_keys(settings.stream, settings.partitions)
        reader = partial(TapeReader, redis_url(settings), keys, GUARD_GROUP)
        guard = structs.replace(self.guard, every_s=0.2)
        with Emitter(settings, control=False) as tape:
            runner = Runner(guard, database_url(settings), reader, tape, stop, clock, "guard@test:2", **more)
            with at_work(runner.run, stop):
                yield runner

    def run(self) -> Counted:
        """Fold all that is there, evaluate once."""
        settings = self.guard.common
        keys = stream_keys(settings.stream, settings.partitions)

        def reader() -> TapeReader:
            return TapeReader(redis_url(settings), keys, GUARD_GROUP)

        with Emitter(settings, control=False) as tape:
            stop = threading.Event()
            runner = Runner(
                self.guard, database_url(settings), reader, tape, stop, self._clock, "guard@test:1"
            )
            return runner.once(self._connection)

    def alerts(self) -> list[dict[str, Any]]:
        """As they are stored, the oldest first."""
        return rows_as_dicts(self._connection, b"SELECT * FROM guard_alerts ORDER BY since, rule, subject")

    def minutes(self) -> list[dict[str, Any]]:
        """Likewise."""
        return rows_as_dicts(
            self._connection, b"SELECT * FROM guard_minutes ORDER BY minute, kind, figure, name"
        )

    def messages(self) -> list[str]:
        """What was told, in its order."""
        found = self._connection.execute(
            "SELECT body FROM outbox WHERE message_key LIKE 'guard:%' ORDER BY id"
        ).fetchall()
        return [body for (body,) in found]
