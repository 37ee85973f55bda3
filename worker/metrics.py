"""Metrics for Prometheus: what the worker did, and how far it is, asked anew at each scrape."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import redis
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from consumer.accepted import Outcome
from signaltape.clock import utc_now
from signaltape.redis_facts import redis_cautions
from signaltape.settings import Settings
from worker.redis_status import caution_metrics
from worker.status import PartitionStatus, journal_status, stream_status

log = logging.getLogger("worker")


_GAUGES: tuple[tuple[str, str, Callable[[PartitionStatus], float | None]], ...] = (
    ("lag_entries", "Entries that no worker was given yet", lambda part: part.lag_entries),
    ("lag_seconds", "Age of the oldest of these", lambda part: part.lag_s),
    ("pending_entries", "Entries given out and not acknowledged", lambda part: part.pending),
    ("oldest_pending_seconds", "Age of the oldest of these", lambda part: part.oldest_pending_s),
    (
        "vanished_entries",
        "Entries deleted from the stream while they were given out",
        lambda part: part.vanished,
    ),
    ("stream_entries", "Entries in the stream", lambda part: part.entries),
    ("stream_bytes", "What the stream takes in Redis, estimated", lambda part: part.bytes),
)


class WorkerMetrics(Collector):
    """Collects on demand; a Redis that is away leaves only its part out.

    client: a redis.Redis of its own; total: what the worker has done so far.
    """

    def __init__(self, client: Any, settings: Settings, total: Callable[[], Outcome]) -> None:
        self._client = client
        self._settings = settings
        self._total = total

    def collect(self) -> Iterator[Metric]:
        """All metrics of one scrape."""
        events = CounterMetricFamily("signaltape_worker_entries", "Entries worked on", labels=["outcome"])
        for outcome, number in self._total()._asdict().items():
            events.add_metric([outcome], number)
        yield events
        backlog = GaugeMetricFamily(
            "signaltape_journal_bytes", "Journal segments on this machine", labels=["journal"]
        )
        for journal in journal_status(self._settings):
            backlog.add_metric([journal.name], journal.bytes)
        yield backlog
        yield from self._stream()

    def _stream(self) -> Iterator[Metric]:
        try:
            partitions = stream_status(self._client, self._settings, utc_now())
            cautions = redis_cautions(self._client, self._settings)
        except (redis.RedisError, OSError) as error:
            log.warning("metrics without the stream: %s", error)
            return
        yield from caution_metrics(cautions)
        for name, help_text, value in _GAUGES:
            gauge = GaugeMetricFamily(f"signaltape_{name}", help_text, labels=["stream"])
            for partition in partitions:
                if (number := value(partition)) is not None:
                    gauge.add_metric([partition.key], number)
            yield gauge


def serve(port: int, client: Any, settings: Settings, total: Callable[[], Outcome]) -> Callable[[], None]:
    """Serve the metrics on 127.0.0.1; returns what stops it. Raises OSError if the port is taken."""
    registry = CollectorRegistry()
    registry.register(WorkerMetrics(client, settings, total))
    server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()
        client.close()

    return stop
