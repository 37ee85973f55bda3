"""`python -m guard` as a process: a thread that guards, senders for what it tells, its place among the processes."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from consumer.loop import tune_interpreter
from consumer.partitions import keys_beyond
from consumer.tape_order import TapeReader
from guard.metrics import guard_parts
from guard.runner import Counted, Runner
from guard.settings import GuardSettings
from guard.tape_store import TapeStore
from outbox.serving import persistently, send_while_connected
from signaltape.commands.command import usable_folder
from signaltape.control import present
from signaltape.control.identity import identity
from signaltape.emitter import Emitter
from signaltape.errors import NotAllowedNow
from signaltape.plain_errors import one_line
from signaltape.redis_client import redis_url
from signaltape.serving_measures import serve_measures
from signaltape.shipping.backoff import Backoff
from signaltape.stream import GUARD_GROUP, stream_keys
from sink.db import connect, database_url

log = logging.getLogger("guard")

#: After SIGTERM all ends within this time: what was not committed is done by the next guard.
_AT_THE_LATEST_S = 14.0
_END_WITHIN_S = 12.0
_LONGEST_WAIT_S = 30.0
Clock = Callable[[], datetime]


async def run(
    guard: GuardSettings, stop: asyncio.Event, clock: Clock, metrics_port: int | None = None
) -> Counted:
    """Guard until `stop` is set. Raises SettingsError for what a person has to mend first.

    metrics_port: where to serve Prometheus metrics, if not where the settings say.
    """
    settings = guard.common
    ended = threading.Event()
    with Emitter(settings) as tape, present(settings, "guard"):
        runner = _runner(guard, tape, ended, clock)
        parts = guard_parts(runner.exported, lambda: runner.counted)
        stop_metrics = serve_measures(metrics_port, "guard", parts, settings)
        tune_interpreter()
        thread = threading.Thread(target=_insist, args=(runner, ended), name="guard", daemon=True)
        thread.start()
        tasks = [asyncio.create_task(one) for one in _senders(guard, stop)]
        try:
            await stop.wait()
        finally:
            _end_at_the_latest()
            ended.set()
            await _end(tasks)
            await asyncio.to_thread(thread.join, _END_WITHIN_S)
            stop_metrics()
        return runner.counted


def run_once(guard: GuardSettings, clock: Clock) -> Counted:
    """Fold the tape up to its end and evaluate once; senders of others send.

    Raises NotAllowedNow while another guard works, DatabaseError, RedisError.
    """
    settings = guard.common
    with (
        Emitter(settings, control=False) as tape,
        connect(database_url(settings), name="signaltape-guard") as connection,
    ):
        if not TapeStore(connection, ()).lead():
            raise NotAllowedNow("another guard works with this database")
        return _runner(guard, tape, threading.Event(), clock).once(connection)


def _runner(guard: GuardSettings, tape: Emitter, ended: threading.Event, clock: Clock) -> Runner:
    settings = guard.common
    url, database = redis_url(settings), database_url(settings)
    usable_folder("SIGNALTAPE_HOME", settings.home)
    if not settings.feature_event_logging:
        log.warning("FEATURE_EVENT_LOGGING is not true: what is decided is not on the tape")
    if not guard.chats or settings.telegram_bot_token is None:
        log.warning("TELEGRAM_BOT_TOKEN and a chat are not both set: alerts stand in the tables alone")
    keys = stream_keys(settings.stream, settings.partitions)
    beyond = keys_beyond(settings.stream, settings.partitions)
    by = identity("guard", 0).name
    reader = partial(TapeReader, url, keys, GUARD_GROUP, beyond)
    return Runner(guard, database, reader, tape, ended, clock, by)


def _insist(runner: Runner, ended: threading.Event) -> None:
    """Guard until the end; whatever goes wrong, a defect of ours too, is said and begun anew."""
    backoff = Backoff(cap_s=_LONGEST_WAIT_S)
    while not ended.is_set():
        try:
            runner.run()
            return
        except Exception as error:
            log.exception("guarding ended and begins anew: %s", one_line(error))
            ended.wait(backoff.next_s())


def _senders(guard: GuardSettings, stop: asyncio.Event) -> list[Coroutine[Any, Any, None]]:
    """Desk and reporter may be what is dead: what is told is sent from here too."""
    settings, token = guard.common, guard.common.telegram_bot_token
    if token is None:
        return []
    sender = partial(send_while_connected, settings, token, settings.telegram_api_base, stop, [])
    return [persistently(sender, stop, "nothing can be sent")]


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Let them end by themselves for a while. What is cut off then is taken up by the next sender."""
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=_END_WITHIN_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _end_at_the_latest() -> None:
    """A thread that waits for a server that does not answer would hold up the end: its transaction is undone."""
    timer = threading.Timer(_AT_THE_LATEST_S, os._exit, (0,))
    timer.daemon = True
    timer.start()
