"""Make the detail tables anew from `signal_events`, with the same result as the day they were written; and the
counters from all tables.

What is stored was accepted once, so only its fields are read again. The bounds of an entry are not applied: as text of
jsonb an event is longer than what was sent, by a half and more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from signaltape.contract.codec import Decoded
from signaltape.contract.events import EVENTS, SCHEMA_VERSION
from signaltape.contract.explain import explain
from sink import counters
from sink.admin.errors import SinkError
from sink.db import Connection
from sink.queries import own
from sink.write.copying import copy_lines
from sink.write.rows import DETAIL, LAYER_COLUMNS, LAYER_TABLE, layer_lines, moment

_SQL = own("rebuild")
_CHUNK = 10_000
_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in EVENTS.items()}


def rebuild(connection: Connection, progress: Callable[[int, int], None] = lambda _done, _total: None) -> int:
    """Rebuild all detail tables in one transaction. Returns the number of events gone through.

    progress: called with (done, total) after each chunk.
    Raises SinkError, and changes nothing, if a stored event no longer satisfies the contract.
    """
    with connection.transaction():
        connection.execute(_SQL["lock"])
        connection.execute(_SQL["clear"])
        done = 0
        for chunk in each_chunk(connection, progress):
            write_chunk(connection, chunk)
            done += len(chunk)
        counters.recount(connection)
    return done


def each_chunk(
    connection: Connection, progress: Callable[[int, int], None]
) -> Iterator[list[tuple[Any, ...]]]:
    """All stored events, some at a time, for `write_chunk`. To be called within a transaction.

    progress: called with (done, total) once a chunk was dealt with.
    """
    ((total,),) = connection.execute(_SQL["count"]).fetchall()
    done = 0
    with connection.cursor(name="rebuild") as events:
        events.itersize = _CHUNK
        events.execute(_SQL["events"])
        while chunk := events.fetchmany(_CHUNK):
            yield chunk
            done += len(chunk)
            progress(done, total)


def write_chunk(connection: Connection, chunk: list[tuple[Any, ...]], prefix: str = "") -> None:
    """Write the rows that events make into their tables, or into those of the same names behind a prefix.

    Raises SinkError for an event that no longer satisfies the contract.
    """
    lines: defaultdict[str, list[str]] = defaultdict(list)
    layers: list[str] = []
    for event_id, name, version, payload, ts, received_at in chunk:
        decoded = _decode(event_id, name, version, payload.encode(), ts)
        lines[name].append(f"{DETAIL[name].line(decoded, moment(decoded.ts))}\t{moment(received_at)}")
        layers += layer_lines(decoded)
    with connection.cursor() as cursor:
        for name, rows in lines.items():
            copy_lines(cursor, prefix + DETAIL[name].name, (*DETAIL[name].columns, "received_at"), rows)
        if layers:
            copy_lines(cursor, prefix + LAYER_TABLE, LAYER_COLUMNS, layers)


def _decode(event_id: str, name: str, version: int, payload: bytes, ts: datetime) -> Decoded:
    try:
        if version != SCHEMA_VERSION:
            raise SinkError(f"event {event_id} is of schema version {version}, which is not known here")
        event = _DECODERS[name].decode(payload)
    except msgspec.ValidationError as error:
        why = explain(EVENTS[name], payload, error)
        raise SinkError(f"event {event_id} does not satisfy the contract any more: {why}") from None
    return Decoded(event_id, str(event.signal_id), event, ts)
