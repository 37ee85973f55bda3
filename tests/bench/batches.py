"""What the contenders are given: events and records as they stand in the stream."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import uuid_utils

from consumer.accepted import Accepted
from consumer.decoding.decode import decode_entries
from consumer.entry import Entry
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import SAMPLES, as_json, new_id

Events = list[tuple[bytes, bytes]]


def make_events(count: int) -> Events:
    """Names and payloads: signals with all four events each."""
    stand_in = new_id()
    samples = [(name.encode(), as_json(make(stand_in))) for name, make in SAMPLES.items()]
    made: Events = []
    while len(made) < count:
        signal_id = new_id().encode()
        made.extend((name, data.replace(stand_in.encode(), signal_id)) for name, data in samples)
    return made[:count]


def make_records(count: int) -> Events:
    """Market trades, as an engine's Emitter writes them."""
    sample = RECORD_SAMPLES["market_trade"]
    began = datetime(2022, 1, 17, tzinfo=UTC)
    made = []
    for number in range(count):
        at = (began + timedelta(milliseconds=number)).isoformat()
        made.append((b"market_trade", as_json({"id": str(uuid_utils.uuid7()), **sample, "timestamp": at})))
    return made


def with_old(event: tuple[bytes, bytes], place: int, old: Events, step: int) -> Events:
    """A new event, and now and then an old one beside it."""
    return [event, old[place // step]] if place % step == 0 and place // step < len(old) else [event]


def as_accepted(key: str, events: Events) -> list[Accepted]:
    entries = [Entry(key, f"1-{n}", [b"event", name, b"data", data]) for n, (name, data) in enumerate(events)]
    return decode_entries(entries).accepted
