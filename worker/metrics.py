"""What the worker measures: what it did, what was ever stored, and how far it is, asked anew at each scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from consumer.accepted import Outcome
from consumer.group_measures import group_measures, stream_measures
from signaltape.clock import utc_now
from signaltape.measures import Ask, Measure
from signaltape.redis_facts import redis_cautions
from signaltape.settings import Secret, Settings
from signaltape.shipping.measures import journal_measure
from sink import counters
from sink.db import connect
from worker.redis_status import caution_measure
from worker.status import stream_status


def worker_parts(
    client: Any, database: Secret, settings: Settings, total: Callable[[], Outcome]
) -> Mapping[str, Ask]:
    """The parts by name. client: a redis.Redis of its own; total: what this worker has done so far."""
    return {
        "work": lambda: [_work(total())],
        "journals": lambda: [journal_measure(settings.home)],
        "redis": partial(_stream, client, settings),
        "postgres": partial(_stored, database),
    }


def _work(total: Outcome) -> Measure:
    numbers = total._asdict()
    return Measure(
        "signaltape_worker_entries", "Entries that this worker worked on", numbers, "outcome", total=True
    )


def _stream(client: Any, settings: Settings) -> Iterator[Measure]:
    partitions = stream_status(client, settings, utc_now())
    yield caution_measure(redis_cautions(client, settings))
    yield from group_measures("signaltape", partitions)
    yield from stream_measures(partitions)


def _stored(database: Secret) -> Iterator[Measure]:
    """Over all workers and restarts: every worker says the same."""
    with connect(database, name="signaltape-metrics") as connection:
        ever = counters.read(connection)
    stored = {"events": ever.events_stored, "records": ever.records_stored}
    yield Measure("signaltape_stored_rows", "Events and records ever stored", stored, "what", total=True)
    kept = {"dead_letters": ever.dead_letters_kept, "conflicts": ever.conflicts_kept}
    yield Measure("signaltape_kept_rows", "Dead letters and conflicts ever kept", kept, "what", total=True)
    dropped = {"events": ever.event_duplicates, "records": ever.record_duplicates}
    yield Measure(
        "signaltape_duplicates_entries", "What came again and was dropped", dropped, "what", total=True
    )
    removed = {
        "events": ever.events_purged,
        "records": ever.records_expired,
        "dead_letters": ever.dead_letters_removed,
        "conflicts": ever.conflicts_purged,
    }
    yield Measure("signaltape_removed_rows", "Purged, expired or requeued", removed, "what", total=True)
    now = {what: n for what, n in ever.there_now.items() if what != "event_duplicates"}
    yield Measure("signaltape_present_rows", "What is there now", now, label="what")
