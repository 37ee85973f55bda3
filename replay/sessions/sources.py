"""Where the events of a session come from: the stream, the archive, or Postgres; whichever covers the span."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from consumer.decoding.decode import decode_entries
from consumer.entry import Entry
from replay.archive.files import archive_files, read_beside
from replay.archive.layout import FOLDERS, data_folder, day_of, group_of
from replay.archive.ledger import Ledger
from replay.archive.ledger_file import NAME as LEDGER
from replay.archive.lines import make_line, sortable
from replay.archive.packed import COMPRESSED
from signaltape.clock import WIB, from_epoch_ms, show
from signaltape.contract.events import EVENTS
from signaltape.contract.record_base import Group
from signaltape.contract.records import RECORDS
from signaltape.replay.bad_lines import BadLines
from signaltape.replay.line import Head, read_head
from signaltape.stream import entry_time_ms
from sink.db import Connection
from sink.history import counted, stored

_READ_COUNT = 2000


#: A line as it is sorted: by its time, then its id; then what it is.
Keyed = tuple[str, str, bytes, Head]


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

        return wants if symbols or types else lambda head: since <= head.ts < until

    def groups(self) -> set[str]:
        """The groups of the archive that what is asked for belongs to, as far as the types tell."""
        names = {kind.lower() for kind in self.types}
        if not names or any(name not in EVENTS and name not in RECORDS for name in names):
            return set(FOLDERS)
        return {group_of(name) for name in names}

    def has_day(self, day: date) -> bool:
        """Whether anything of a WIB day may be in it."""
        begin = datetime.combine(day, time.min, WIB)
        return begin < self.until and self.since - begin < timedelta(days=1)


class Source(Protocol):
    """One place that events can be read from."""

    name: str
    #: what was no line when it was read
    bad: BadLines

    def lines(self, span: Span) -> Iterator[Keyed]:
        """What belongs to the span, in any order. The same id may come more than once."""
        ...

    def count(self, span: Span) -> Counter[str]:
        """How many different events of the span there are, by group."""
        ...

    def gaps(self, span: Span) -> list[str]:
        """What of the span is missing here for certain or possibly, each in words."""
        ...


class ArchiveSource:
    """The files under SIGNALTAPE_DATA."""

    name = "archive"

    def __init__(self, data: Path) -> None:
        self._root = data_folder(data)
        self.bad = BadLines()

    @property
    def exists(self) -> bool:
        """Whether there is an archive at all: its ledger, or files without one."""
        folders = (self._root / folder for folder in FOLDERS.values())
        return (self._root / LEDGER).exists() or any(folder.is_dir() for folder in folders)

    def gaps(self, span: Span) -> list[str]:
        """The days that retention deleted."""
        found = []
        for group in sorted(span.groups()):
            days = [
                day
                for path in sorted((self._root / "summaries" / group).glob("day-*.json"))
                if (day := day_of(path)) is not None and span.has_day(day)
            ]
            if days:
                found.append(f"{group}: retention deleted lines of {days[0]} to {days[-1]} from the archive")
        return found

    def count(self, span: Span) -> Counter[str]:
        """As `Source.count`: a line is in the archive once."""
        return Counter(group_of(head.event) for _, _, _, head in self.lines(span))

    def size_bytes(self, span: Span) -> int:
        """How much must be read for a span: the files as they are, plain or compressed."""
        forms = (
            form for path in self._files(span) for form in (path, path.with_name(path.name + COMPRESSED))
        )
        return sum(form.stat().st_size for form in forms if form.is_file())

    def lines(self, span: Span) -> Iterator[Keyed]:
        """As `Source.lines`."""
        wants = span.chooser()
        with closing(Ledger(self._root)) as ledger:
            for path in self._files(span):
                for head, line in read_beside(self._root, ledger, path, self.bad):
                    if head is not None and wants(head):
                        yield head.ts, head.line_id, line, head

    def _files(self, span: Span) -> Iterator[Path]:
        """The files that may hold something of the span, by the names of their plain forms."""
        for group, folder in FOLDERS.items():
            found = archive_files(self._root, folder)
            plain = {path.with_suffix("") if path.suffix == COMPRESSED else path for path in found}
            for path in sorted(plain):
                day = None if group == Group.EVENTS else day_of(path)
                if day is None or span.has_day(day):
                    yield path


class StreamSource:
    """The Redis Stream, from its first entry to its last. client: a redis.Redis."""

    name = "stream"

    def __init__(self, client: Any, keys: Sequence[str]) -> None:
        self._client = client
        self._keys = keys
        self.bad = BadLines()

    def gaps(self, span: Span) -> list[str]:
        """That it begins within the span: what came before it was trimmed, or lost, or there was nothing."""
        firsts = [first[0][0].decode() for key in self._keys if (first := self._client.xrange(key, count=1))]
        begins = [from_epoch_ms(entry_time_ms(first)) for first in firsts]
        if len(begins) == len(self._keys) and max(begins) <= span.since:
            return []
        said = f"begins at {show(max(begins))}" if begins else "holds nothing"
        return [f"the stream {said}: it does not tell what came before"]

    def count(self, span: Span) -> Counter[str]:
        """As `Source.count`."""
        return Counter(group_of(head.event) for *_, head in self.lines(span))

    def lines(self, span: Span) -> Iterator[Keyed]:
        """As `Source.lines`. Entries that break the contract are left out; of the same id the first one counts."""
        wants = span.chooser()
        seen: set[bytes] = set()  # small beside what Redis holds of each entry
        for key in self._keys:
            for entries in read_stream(self._client, key):
                batch = decode_entries(entries)
                found: Iterable[tuple[str, str, datetime, bytes]] = (
                    *(
                        (one.name, one.decoded.event_id, one.decoded.ts, one.payload)
                        for one in batch.accepted
                    ),
                    *((one.name, one.record_id, one.ts, one.payload) for one in batch.records.rows()),
                )
                for one in _made(found, wants):
                    line_id = bytes.fromhex(one[1].replace("-", ""))
                    if line_id not in seen:
                        seen.add(line_id)
                        yield one


class PostgresSource:
    """What the worker stored."""

    name = "postgres"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.bad = BadLines()

    def gaps(self, span: Span) -> list[str]:
        """None that it knows: signals stay for ever, and what retention dropped of the records left no trace."""
        return []

    def count(self, span: Span) -> Counter[str]:
        """As `Source.count`."""
        return Counter(
            counted(self._connection, span.since, span.until, sorted(span.symbols), sorted(span.types))
        )

    def lines(self, span: Span) -> Iterator[Keyed]:
        """As `Source.lines`."""
        rows = stored(self._connection, span.since, span.until)
        yield from _made(
            ((name, one, ts, payload.encode()) for name, one, ts, payload in rows), span.chooser()
        )


def _made(
    found: Iterable[tuple[str, str, datetime, bytes]], wants: Callable[[Head], bool]
) -> Iterator[Keyed]:
    for event, line_id, ts, payload in found:
        at = sortable(ts)
        line = make_line(event, line_id, at, payload)
        head = read_head(line)
        if wants(head):
            yield at, line_id, line, head


def read_stream(client: Any, key: str, start: str = "-", end: str = "+") -> Iterator[list[Entry]]:
    """The entries of a stream between two ids, a few thousand at a time, as far as it reaches now.

    What is added while it is read is left out: else a live stream would never end.
    """
    newest = client.xrevrange(key, max=end, min=start, count=1)
    if not newest:
        return
    last = newest[0][0].decode()
    while True:
        raw = client.xrange(key, min=start, max=last, count=_READ_COUNT)
        if not raw:
            return
        yield [
            Entry(key, entry_id.decode(), [part for pair in fields.items() for part in pair])
            for entry_id, fields in raw
        ]
        start = f"({raw[-1][0].decode()}"
