"""`python -m ghost` as a process: one ghost, its metrics, its place in the list of processes, until it is stopped."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from consumer.loop import tune_interpreter
from consumer.partitions import keys_beyond
from consumer.tape_order import TapeReader
from ghost.metrics import ghost_parts
from ghost.runner import MOST, Counted, Runner
from ghost.settings import GhostSettings
from signaltape.commands.command import usable_folder
from signaltape.control import present
from signaltape.emitter import Emitter
from signaltape.redis_client import redis_url
from signaltape.serving_measures import serve_measures
from signaltape.settings import Settings
from signaltape.stream import GHOST_GROUP, stream_keys
from sink.db import database_url
from sink.reconciling import reconciled

log = logging.getLogger("ghost")

#: After SIGTERM all ends within this time: what was not committed is done by the next ghost.
_END_WITHIN_S = 14.0


def run(
    ghost: GhostSettings,
    stop: threading.Event,
    *,
    once: bool = False,
    most: int = MOST,
    metrics_port: int | None = None,
) -> Counted:
    """Follow the tape until stopped; with `once`, up to its end. most: entries of a partition in one transaction.

    Raises SettingsError; with `once`, DatabaseError or one of RedisError.
    """
    settings = ghost.common
    url, database = redis_url(settings), database_url(settings)
    usable_folder("SIGNALTAPE_HOME", settings.home)
    keys = stream_keys(settings.stream, settings.partitions)
    beyond = keys_beyond(settings.stream, settings.partitions)
    if not settings.feature_event_logging:
        log.warning("FEATURE_EVENT_LOGGING is not true: what becomes of orders and lines is not on the tape")
    with Emitter(settings) as tape:
        runner = Runner(
            ghost,
            database,
            lambda: TapeReader(url, keys, GHOST_GROUP, beyond),
            tape,
            stop,
            once=once,
            most=most,
        )
        parts = ghost_parts(lambda: runner.counted)
        stop_metrics = serve_measures(metrics_port, "ghost", parts, None if once else settings)
        tune_interpreter()
        try:
            with nullcontext() if once else _under_control(settings), _ending_in_time(stop):
                return runner.run()
        finally:
            stop_metrics()


@contextmanager
def _under_control(settings: Settings) -> Iterator[None]:
    with present(settings, "ghost"), reconciled(settings):
        yield


@contextmanager
def _ending_in_time(stop: threading.Event) -> Iterator[None]:
    """A server that does not answer must not hold up the end: its transaction is undone."""
    ended = threading.Event()

    def wait() -> None:
        stop.wait()
        if not ended.wait(_END_WITHIN_S):
            log.warning("a server takes longer than %.0f s: left for the next start", _END_WITHIN_S)
            os._exit(0)

    threading.Thread(target=wait, name="end-in-time", daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        stop.set()  # lets the thread go
