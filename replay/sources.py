"""Where the events of a session come from: the stream, the archive, or Postgres; whichever covers the span."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from replay.files import archive_files, read_lines
from replay.layout import FOLDERS, data_folder, group_of
from replay.ledger import Ledger
from replay.lines import make_line, sortable
from signaltape.replay.line import Head, read_head
from signaltape.clock import from_epoch_ms
from signaltape.consuming.entry import Entry
from signaltape.events import EVENTS
from signaltape.records import RECORDS, Group
from signaltape.stream import entry_time_ms
from sink.db import Connection
from sink.decoding import sort_entries
from sink.history import stored

_READ_COUNT = 2000


class Span(NamedTuple):
    """What a session is to hold: half-open in time; symbols and types, all of them if empty."""

    since: datetime
    until: datetime
    symbols: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()

    def chooser(self) -> Callable[[Head], bool]:
        """Tells of a line whether it belongs to the span."""
        since, until = sortable(self.since), sortable(self.until)
        symbols, types = self.symbols, self.types

        def wants(head: Head) -> bool:
            return (
                since <= head.ts < until
                and (not symbols or head.symbol in symbols)
                and (not types or head.type in types or head.event in types)
            )

        return wants

    def groups(self) -> set[str]:
        """The groups of the archive that it may touch."""
        if not self.types:
            return set(FOLDERS)
        # a type that is no record's or event's name is the eventType of a state event
        names = {kind.lower() for kind in self.types}
        return {group_of(name) if name in EVENTS or name in RECORDS else Group.EVENTS.value for name in names}


class Source(Protocol):
    """One place that events can be read from."""

    name: str

    def covers(self, span: Span) -> bool:
        """Whether nothing of the span is missing here for certain."""
        ...

    def lines(self, span: Span) -> Iterator[tuple[str, str, bytes]]:
        """What belongs to the span, in any order: (time, id, line). The same id may come more than once."""
        ...


class ArchiveSource:
    """The files under SIGNALTAPE_DATA."""

    name = "archive"

    def __init__(self, data: Path) -> None:
        self._root = data_folder(data)

    def covers(self, span: Span) -> bool:
        """Whether anything was archived, and nothing from the span's begin on was deleted since."""
        if not (self._root / "archive.db").exists():
            return False
        ledger = Ledger(self._root)
        try:
            since = sortable(span.since)
            return ledger.began and all(ledger.removed_before(group) <= since for group in span.groups())
        finally:
            ledger.close()

    def lines(self, span: Span) -> Iterator[tuple[str, str, bytes]]:
        """As `Source.lines`."""
        ledger = Ledger(self._root)
        wants = span.chooser()
        try:
            for group in span.groups():
                for path in archive_files(self._root, FOLDERS[group]):
                    for line in read_lines(self._root, ledger, path):
                        head = read_head(line)
                        if wants(head):
                            yield head.ts, head.line_id, line
        finally:
            ledger.close()


class StreamSource:
    """The Redis Stream, from its first entry to its last. client: a redis.Redis."""

    name = "stream"

    def __init__(self, client: Any, keys: Sequence[str]) -> None:
        self._client = client
        self._keys = keys

    def covers(self, span: Span) -> bool:
        """Whether nothing was ever trimmed, or the first entry is older than the span (it came after its time)."""
        found = False
        for key in self._keys:
            if not self._client.exists(key):
                continue
            found = True
            info = self._client.xinfo_stream(key)
            # `entries-added` is there from Redis 7 on; equal to the length, nothing was ever trimmed or deleted
            if info.get("entries-added") == info["length"]:
                continue
            first = info["first-entry"]
            if not first or from_epoch_ms(entry_time_ms(first[0].decode())) > span.since:
                return False
        return found

    def lines(self, span: Span) -> Iterator[tuple[str, str, bytes]]:
        """As `Source.lines`. Entries that break the contract are left out."""
        wants = span.chooser()
        for key in self._keys:
            for entries in read_stream(self._client, key):
                batch = sort_entries(entries)
                found: Iterable[tuple[str, str, datetime, bytes]] = (
                    *(
                        (one.name, one.decoded.event_id, one.decoded.ts, one.payload)
                        for one in batch.accepted
                    ),
                    *((one.name, one.record_id, one.ts, one.payload) for one in batch.records.rows()),
                )
                for event, line_id, ts, payload in found:
                    at = sortable(ts)
                    line = make_line(event, line_id, at, payload)
                    if wants(read_head(line)):
                        yield at, line_id, line


class PostgresSource:
    """What the worker stored."""

    name = "postgres"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def covers(self, span: Span) -> bool:
        """Always: what was never deleted is there, and this is the last resort."""
        return True

    def lines(self, span: Span) -> Iterator[tuple[str, str, bytes]]:
        """As `Source.lines`."""
        wants = span.chooser()
        for event, line_id, ts, payload in stored(self._connection, span.since, span.until):
            at = sortable(ts)
            line = make_line(event, line_id, at, payload.encode())
            if wants(read_head(line)):
                yield at, line_id, line


def read_stream(client: Any, key: str, start: str = "-", end: str = "+") -> Iterator[list[Entry]]:
    """The entries of a stream between two ids, a few thousand at a time."""
    while True:
        raw = client.xrange(key, min=start, max=end, count=_READ_COUNT)
        if not raw:
            return
        yield [
            Entry(key, entry_id.decode(), [part for pair in fields.items() for part in pair])
            for entry_id, fields in raw
        ]
        start = f"({raw[-1][0].decode()}"
