"""The alerting part of `python -m desk`: its consumer group, and what comes with time, until it is stopped."""

from __future__ import annotations

import logging
import threading

from consumer.consumer import Consumer
from consumer.entry import Decoding
from consumer.limits import Limits
from consumer.loop import Loop
from consumer.names import Slot, consumer_name
from consumer.partitions import keys_beyond
from desk.alerting.around import NOTHING_AROUND, Around
from desk.alerting.deciding import Deciding
from desk.alerting.following import Following
from desk.alerting.incoming import Reading, passed_over
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
    url, database = redis_url(settings), database_url(settings)
    usable_folder("SIGNALTAPE_HOME", settings.home)
    consumer = name or consumer_name(settings.dyno, Slot(settings.home / "desk"))
    keys = stream_keys(settings.stream, settings.partitions)
    beyond = keys_beyond(settings.stream, settings.partitions)
    messages = Messages(desk, around)
    following = Following(messages)
    deciding = Deciding(desk, tape, around, messages, following)
    tables = Tables(database, deciding.take, deciding.tell)
    limits = Limits(
        max_age_ms=_MAX_AGE_MS,
        retention_s=settings.stream_retention_s,
        stream_max_bytes=settings.stream_max_bytes,
    )
    loop = Loop(
        lambda: Consumer(url, consumer, keys, DESK_GROUP, beyond),
        tables,
        Decoding(Reading().read, passed_over),
        stop,
        limits,
    )
    upkeep = Upkeep(database, following, tape)
    log.info("alerting as consumer %s on %s", consumer, ", ".join(keys))
    beside = threading.Thread(target=upkeep.run, args=(stop,), name="alert-upkeep", daemon=True)
    if not once:
        beside.start()
    try:
        loop.run(once=once)
    finally:
        stop.set()
        if beside.ident is not None:
            beside.join()
    if once:
        upkeep.once()
    return tables.total
