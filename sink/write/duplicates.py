"""Events that are there already: which they are, those that contradict, and how many were dropped on which day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import psycopg

from sink.queries import own
from sink.write.lines import Lines

_SQL = own("duplicates")

#: Dropped duplicates by the WIB day of their event.
Dropped = Counter[date]


class Filtered(NamedTuple):
    """Lines told apart: new ones, the number of duplicates by day, and those with other content than what is there."""

    fresh: list[Lines]
    dropped: Dropped
    conflicts: list[Lines]


def filter_existing(cursor: psycopg.Cursor[tuple[object, ...]], lines: Sequence[Lines]) -> Filtered:
    """Look all events of a batch up at once. Raises psycopg.Error.

    Of an event that comes several times in the batch and is not there yet, every line counts as fresh.
    """
    found = cursor.execute(
        _SQL["filter_existing"],
        {
            "signals": f"{{{','.join(line.entry.decoded.signal_id for line in lines)}}}",
            "events": f"{{{','.join(line.entry.name for line in lines)}}}",
            "payloads": (b"[" + b",".join(line.entry.payload for line in lines) + b"]").decode(),
        },
        prepare=False,  # planned anew each time: a plan made for a small event store would be kept while it grows
    )
    dropped: Dropped = Counter()
    conflicts: list[Lines] = []
    known: set[int] = set()
    position: int
    day: date
    for position, same, day in found:  # type: ignore[assignment]
        known.add(position)
        if same:
            dropped[day] += 1
        else:
            conflicts.append(lines[position])
    fresh = [line for position, line in enumerate(lines) if position not in known] if known else list(lines)
    return Filtered(fresh, dropped, conflicts)


def keep_conflicts(cursor: psycopg.Cursor[tuple[object, ...]], lines: Sequence[Lines]) -> int:
    """Keep events that contradict what is there, in order of their ids: two workers then cannot lock each other out.

    Returns how many were not kept before. Raises psycopg.Error.
    """
    cursor.executemany(
        _SQL["keep_conflict"],
        [
            {
                "event_id": line.entry.decoded.event_id,
                "signal_id": line.entry.decoded.signal_id,
                "event": line.entry.name,
                "payload": line.entry.payload.decode(),
                "ts": line.entry.decoded.ts,
                "stream": line.entry.stream,
                "entry_id": line.entry.entry_id,
            }
            for line in sorted(lines, key=lambda line: line.entry.decoded.event_id)
        ],
    )
    return cursor.rowcount


def count(cursor: psycopg.Cursor[tuple[object, ...]], dropped: Dropped) -> None:
    """Add to the numbers of dropped duplicates, in order of days: two workers then cannot lock each other out.

    Raises psycopg.Error.
    """
    days = sorted(dropped)
    cursor.execute(_SQL["count"], {"days": days, "numbers": [dropped[day] for day in days]})
