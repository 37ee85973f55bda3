"""`python -m worker` as a process: a worker under its name, with its metrics, until it is stopped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from consumer.accepted import Outcome
from consumer.consumer import Consumer
from consumer.limits import Limits
from consumer.loop import tune_interpreter
from consumer.names import Slot, consumer_name
from consumer.partitions import keys_beyond
from signaltape.commands.command import usable_folder
from signaltape.control import present
from signaltape.redis_client import redis_client, redis_url
from signaltape.serving_measures import serve_measures
from signaltape.settings import Settings
from signaltape.stream import WORKER_GROUP, stream_keys
from sink.db import database_url
from sink.reconciling import reconciled
from worker.loop import Worker
from worker.metrics import worker_parts


def run(
    settings: Settings,
    stop: threading.Event,
    limits: Limits,
    *,
    once: bool = False,
    name: str | None = None,
    metrics_port: int | None = None,
) -> Outcome:
    """Move events from the stream to Postgres until stopped; with `once`, until the stream is drained.

    name: of the consumer; without one it is $DYNO, or the machine's with a free number.
    metrics_port: where to serve Prometheus metrics, if not where the settings say.
    Raises SettingsError; with `once`, what `Worker.run` raises.
    """
    url, database = redis_url(settings), database_url(settings)
    usable_folder("SIGNALTAPE_HOME", settings.home)
    slot = Slot(settings.home / "worker")
    consumer = name or consumer_name(settings.dyno, slot)
    keys = stream_keys(settings.stream, settings.partitions)
    beyond = keys_beyond(settings.stream, settings.partitions)
    worker = Worker(lambda: Consumer(url, consumer, keys, WORKER_GROUP, beyond), database, stop, limits)
    logging.getLogger("worker").info("consumer %s on %s", consumer, ", ".join(keys))
    parts = worker_parts(redis_client(url), database, settings, lambda: worker.total)
    stop_metrics = serve_measures(metrics_port, "worker", parts, None if once else settings)
    tune_interpreter()
    try:
        with nullcontext() if once else _under_control(settings):
            return worker.run(once=once)
    finally:
        stop_metrics()


@contextmanager
def _under_control(settings: Settings) -> Iterator[None]:
    """In the list of processes, and seeing to it that Redis and Postgres know the same of control."""
    with present(settings, "worker"), reconciled(settings):
        yield
