"""Records as a worker hands them to the sink, with chosen ids, times and partitions."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from consumer.decoding.columns import Records
from consumer.decoding.decode import decode_entries
from consumer.entry import Entry
from sink.db import Connection
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import as_json

_numbers = itertools.count(1)


def entry(name: str, record_id: str, *, at: datetime, **changes: Any) -> Entry:
    """An entry of a record that was added to the stream at this time; a `timestamp` only if it is given."""
    data = as_json({"id": record_id, **RECORD_SAMPLES[name], **changes})
    fields = [b"event", name.encode(), b"data", data]
    return Entry("test:{0}", f"{int(at.timestamp() * 1000)}-{next(_numbers)}", fields)


def records(entries: Iterable[Entry]) -> Records:
    """What the worker makes of entries."""
    batch = decode_entries(list(entries))
    assert not batch.dead, batch.dead
    return batch.records


def uuid7(at: datetime) -> str:
    """An id as the emitter would have made it at this time."""
    left = int(at.timestamp() * 1000) << 80
    return str(uuid.UUID(int=left | (7 << 76) | (2 << 62) | (uuid.uuid4().int & (2**62 - 1))))


def add_partition(connection: Connection, parent: str, day: date) -> str:
    """A partition of a WIB day, also one that is long over. Returns its name."""
    name = f"{parent}_day_{day:%Y%m%d}"
    bounds = connection.execute(
        "SELECT first_record_id(%(day)s), first_record_id(%(day)s + 1)", {"day": day}
    ).fetchone()
    assert bounds is not None
    connection.execute(
        f"CREATE TABLE {name} PARTITION OF {parent} FOR VALUES FROM ('{bounds[0]}') TO ('{bounds[1]}')".encode()
    )
    return name
