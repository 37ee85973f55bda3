"""The closing reconciliation: how many events of each kind each station holds. Counted, not reported by it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from signaltape.contract.events import ENGINE_EVENTS, GHOST_EVENTS
from signaltape.journal.reader import JournalPosition, JournalReader
from signaltape.terminal import Screen, left, right
from sink.db import Connection

_STORED = b"SELECT event, count(*) FROM signal_events WHERE signal_id = ANY(%s::uuid[]) GROUP BY event"
_CHUNK = 5000


class Counts(NamedTuple):
    """Events by kind at each station."""

    emitted: Counter[str]
    journalled: Counter[str]
    #: distinct events: a Redis that was restarted gets once more what journals still hold
    streamed: Counter[str]
    stored: Counter[str]

    @property
    def agree(self) -> bool:
        """Whether every station holds the same, and anything at all."""
        return bool(self.emitted) and self.emitted == self.journalled == self.streamed == self.stored


def count_journal(folder: Path) -> Counter[str]:
    """Events in a journal, by kind."""
    reader = JournalReader(folder, JournalPosition(0, 0, 0))
    counts: Counter[str] = Counter()
    while items := reader.read(_CHUNK, 1 << 30):
        counts.update(item.frame.name.decode() for item in items)
    reader.close()
    return counts


class Streamed(NamedTuple):
    """What stands in a stream: distinct events by kind, how many entries repeat one, the signals."""

    distinct: Counter[str]
    repeats: int
    signals: set[str]


def count_stream(client: Any, key: str, after: str) -> Streamed:
    """Count the entries behind the entry id `after`. `client` is a redis.Redis."""
    events: set[tuple[str, str]] = set()
    entries_seen = 0
    while entries := client.xrange(key, min=f"({after}", count=_CHUNK):
        for _, fields in entries:
            events.add((fields[b"event"].decode(), msgspec.json.decode(fields[b"data"])["signal_id"]))
        entries_seen += len(entries)
        after = entries[-1][0].decode()
    return Streamed(
        distinct=Counter(kind for kind, _ in events),
        repeats=entries_seen - len(events),
        signals={signal_id for _, signal_id in events},
    )


def count_stored(connection: Connection, signals: set[str]) -> Counter[str]:
    """Stored events of these signals, by kind."""
    rows = connection.execute(_STORED, (sorted(signals),)).fetchall()
    return Counter({str(kind): int(number) for kind, number in rows})


def show(screen: Screen, counts: Counts) -> None:
    """Print the reconciliation."""
    ghosts = [kind for kind in GHOST_EVENTS if any(one[kind] for one in counts)]
    kinds = [*ENGINE_EVENTS, *ghosts, "all"]
    screen.say("Reconciliation, in events:", "head")
    screen.table(
        (left("event"), *map(right, ("emitted", "journalled", "in stream", "in Postgres", "same"))),
        [_row(kind, [one.total() if kind == "all" else one[kind] for one in counts]) for kind in kinds],
    )


def _row(kind: str, numbers: list[int]) -> tuple[object, ...]:
    return (kind, *numbers, "✅" if len(set(numbers)) == 1 else "❌")
