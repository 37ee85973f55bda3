"""The alerting part of `python -m desk`: its consumer group, and what comes with time, until it is stopped."""

from __future__ import annotations

import logging
import threading
from typing import NamedTuple

from consumer.consumer import Consumer
from consumer.entry import Decoding
from consumer.limits import Limits
from consumer.loop import Loop
from consumer.names import Slot, consumer_name
from consumer.partitions import keys_beyond
from desk.alerting.around import NOTHING_AROUND, Around
from desk.alerting.deciding import Deciding
from desk.alerting.following import Following
from desk.alerting.incoming import Incoming, Reading, passed_over
from desk.alerting.messages import Messages
from desk.alerting.target import Done, Tables
from desk.alerting.upkeep import Upkeep
from desk.settings import DeskSettings
from signaltape.commands.command import usable_folder
from signaltape.emitter import Emitter
from signaltape.redis_client import redis_url
from signaltape.settings import Settings
from signaltape.stream import DESK_GROUP, stream_keys
from sink.db import database_url

log = logging.getLogger("desk")

#: An alert waits for no others to be decided with: a batch is what is there.
_MAX_AGE_MS = 5


def run(
    settings: Settings,
    desk: DeskSettings,
    stop: threading.Event,
    *,
    tape: Emitter | None = None,
    around: Around = NOTHING_AROUND,
    once: bool = False,
    name: str | None = None,
) -> Done:
    """Alert until stopped; with `once`, until the stream is drained and what is due was done. What was done.

    tape: the desk's own Emitter, else one is made; around: what the rest of the desk tells; name: of the consumer.
    Raises SettingsError; with `once`, what `Loop.run` raises, and DatabaseError.
    """
    if tape is None:
        with Emitter(settings) as made:
            return run(settings, desk, stop, tape=made, around=around, once=once, name=name)
    usable_folder("SIGNALTAPE_HOME", settings.home)
    slot = Slot(settings.home / "desk")
    try:
        parts = _parts(settings, desk, tape, around)
        consumer = name or consumer_name(settings.dyno, slot)
        return _run(parts, _loop(settings, consumer, parts.tables, stop), stop, once=once)
    finally:
        slot.release()


class _Parts(NamedTuple):
    tables: Tables
    upkeep: Upkeep


def _parts(settings: Settings, desk: DeskSettings, tape: Emitter, around: Around) -> _Parts:
    database, messages = database_url(settings), Messages(desk, around)
    following = Following(messages)
    deciding = Deciding(desk, tape, around, messages, following)
    return _Parts(Tables(database, deciding.take, deciding.tell), Upkeep(database, following, tape))


def _loop(settings: Settings, consumer: str, tables: Tables, stop: threading.Event) -> Loop[Incoming]:
    url, keys = redis_url(settings), stream_keys(settings.stream, settings.partitions)
    beyond = keys_beyond(settings.stream, settings.partitions)
    limits = Limits(max_age_ms=_MAX_AGE_MS, tidies=False)  # worker and archiver do
    log.info("alerting as consumer %s on %s", consumer, ", ".join(keys))
    decoding = Decoding(Reading().read, passed_over)
    return Loop(lambda: Consumer(url, consumer, keys, DESK_GROUP, beyond), tables, decoding, stop, limits)


def _run(parts: _Parts, loop: Loop[Incoming], stop: threading.Event, *, once: bool) -> Done:
    beside = threading.Thread(target=parts.upkeep.run, args=(stop,), name="alert-upkeep", daemon=True)
    if not once:
        beside.start()
    try:
        loop.run(once=once)
    finally:
        stop.set()
        if not once:
            beside.join()
    if once:
        parts.upkeep.once()
    return parts.tables.total
