"""Stretches of history into Postgres once more, by the worker's own way: from the stream, the archive or a session."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from consumer.accepted import Outcome
from consumer.decoding.decode import decode_entries
from consumer.entry import Entry
from replay.moments import moment
from replay.sessions.sources import Keyed, read_stream
from signaltape.errors import NotAllowedNow
from signaltape.replay.bad_lines import BadLines
from signaltape.replay.line import payload_of
from signaltape.replay.session import ReplayEvent, read_events, read_manifest
from signaltape.stream import FIELD_DATA, FIELD_EVENT, FIELD_ID
from sink.admin.replays import fix_arrival, holds_live_events
from sink.db import Connection
from sink.write.writer import BatchWriter

T = TypeVar("T")

_BATCH = 5000
#: Shorter numbers are years or days.
_ENTRY_ID = re.compile(r"[0-9]{9,19}(-[0-9]{1,19})?")


class LiveDatabase(NotAllowedNow):
    """A session is only ever loaded into a database that holds nothing live."""


class _Undo(Exception):
    """Ends a dry run's transaction."""


class Reprocessed(NamedTuple):
    """What was read, and what became (or would become) of it; bad: what was no line of the session, in words."""

    entries: int
    outcome: Outcome
    bad: str = ""


def offset(text: str, *, end: bool = False) -> str:
    """A stream offset from what a user types: an entry id, `-`, `+`, or an ISO time (without a zone: WIB).

    Raises ValueError.
    """
    if text in ("-", "+"):
        return text
    if _ENTRY_ID.fullmatch(text):
        return text
    try:
        found = moment(text)
    except ValueError:
        raise ValueError(
            f"must be an entry id such as 1642395600000-0, or an ISO time, got {text!r}"
        ) from None
    return f"({_ms(found)}-0" if end else f"{_ms(found)}-0"


def reprocess(
    client: Any,
    connection: Connection,
    keys: list[str],
    start: str,
    end: str,
    *,
    dry_run: bool,
    progress: Callable[[int], None] = lambda _done: None,
) -> Reprocessed:
    """Read entries between two offsets again and write what is missing. Raises redis.RedisError, psycopg.Error."""
    total = Reprocessed(0, Outcome())
    for key in keys:
        for entries in read_stream(client, key, start, end):
            outcome = _write(connection, entries, dry_run=dry_run)
            total = Reprocessed(total.entries + len(entries), total.outcome.plus(outcome))
            progress(total.entries)
    return total


def _write(connection: Connection, entries: list[Entry], *, dry_run: bool) -> Outcome:
    batch = decode_entries(entries)
    outcome = Outcome()
    try:
        with connection.transaction():
            outcome = BatchWriter(connection).write(batch.accepted, batch.dead, batch.records)
            if dry_run:
                raise _Undo
    except _Undo:
        pass
    return outcome


def fill(
    connection: Connection,
    lines: Iterable[Keyed],
    *,
    dry_run: bool,
    progress: Callable[[int], None] = lambda _done: None,
) -> Reprocessed:
    """Write those lines of the archive that are missing. Raises psycopg.Error, OSError, sqlite3.Error.

    A line knows no stream: its row stands under `archive`, with the event's own time as its offset.
    """
    total = Reprocessed(0, Outcome())
    for chunk in _chunks(lines):
        entries = [_archived(number, one) for number, one in enumerate(chunk, total.entries)]
        outcome = _write(connection, entries, dry_run=dry_run)
        total = Reprocessed(total.entries + len(chunk), total.outcome.plus(outcome))
        progress(total.entries)
    return total


def _archived(number: int, keyed: Keyed) -> Entry:
    _, line_id, line, head = keyed
    fields = [FIELD_EVENT, head.event.encode(), FIELD_DATA, payload_of(line), FIELD_ID, line_id.encode()]
    return Entry("archive", f"{_ms(head.at)}-{number}", fields)


def _ms(moment: datetime) -> int:
    return max(0, int(moment.timestamp() * 1000))


def load(
    connection: Connection, folder: Path, progress: Callable[[int], None] = lambda _done: None
) -> Reprocessed:
    """Write a session into a database of its own, the same every time: offsets are numbers, arrival is event time.

    Raises LiveDatabase if the database holds anything live, SessionError, psycopg.Error.
    """
    if holds_live_events(connection):
        raise LiveDatabase(
            "this database holds live events; a session is loaded into one of its own:"
            " create it, migrate it, and set DATABASE_URL to it"
        )
    stream = f"replay:{read_manifest(folder).session_id}"
    writer = BatchWriter(connection)
    total = Reprocessed(0, Outcome())
    bad = BadLines()
    for events in _chunks(read_events(folder, bad=bad)):
        batch = decode_entries([_entry(stream, event) for event in events])
        outcome = writer.write(batch.accepted, batch.dead, batch.records)
        total = Reprocessed(total.entries + len(events), total.outcome.plus(outcome))
        progress(total.entries)
    fix_arrival(connection)
    return total._replace(bad=bad.said())


def _chunks(events: Iterable[T]) -> Iterator[list[T]]:
    chunk: list[T] = []
    for event in events:
        chunk.append(event)
        if len(chunk) == _BATCH:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _entry(stream: str, event: ReplayEvent) -> Entry:
    entry_id = f"{_ms(event.ts)}-{event.index}"
    fields = [FIELD_EVENT, event.event.encode(), FIELD_DATA, event.payload, FIELD_ID, event.event_id.encode()]
    return Entry(stream, entry_id, fields)
