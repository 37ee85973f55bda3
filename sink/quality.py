"""Questions about the state of what is stored: orphans, dead letters, duplicates, conflicts, agreement."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sink.counters import Counters, add
from sink.db import Connection, rows_as_dicts
from sink.queries import own
from sink.sealing.purging import remove_events

_SQL = own("quality")


class Quality(NamedTuple):
    """What did not go the straight way within a span of time."""

    orphans: int
    dead_letters: int
    duplicates: int
    conflicts: int


def quality(connection: Connection, since: datetime, until: datetime) -> Quality:
    """Count orphans, dead letters, duplicates and conflicts of events in [since, until), aware times.

    Duplicates are kept by WIB day; give bounds at midnight WIB for an exact number.
    """
    span = {"since": since, "until": until}
    counts = rows_as_dicts(connection, _SQL["counts"], span)[0]
    return Quality(
        orphans=sum(orphans(connection, since, until).values()),
        dead_letters=counts["dead_letters"],
        duplicates=counts["duplicates"],
        conflicts=counts["conflicts"],
    )


def orphans(connection: Connection, since: datetime, until: datetime) -> dict[str, int]:
    """Detail rows of a span of time whose signal was not published (yet), by table."""
    return rows_as_dicts(connection, _SQL["orphans"], {"since": since, "until": until})[0]


def disagreements(connection: Connection) -> dict[str, tuple[int, int]]:
    """Kinds of event for which the event store and the detail table differ in number: (events, rows)."""
    events: dict[str, int] = dict(connection.execute(_SQL["events_by_kind"]).fetchall())
    rows: dict[str, int] = dict(connection.execute(_SQL["rows_by_table"]).fetchall())
    differing = {kind: (events.get(kind, 0), n) for kind, n in rows.items() if events.get(kind, 0) != n}
    layers = connection.execute(_SQL["layers"]).fetchone()
    if layers is not None and layers[0] != layers[1]:
        differing["layers of signal_published"] = (layers[0], layers[1])
    return differing


def stored_by_kind(connection: Connection) -> dict[str, int]:
    """How many events of each kind are stored. Reads all of them."""
    return dict(connection.execute(_SQL["events_by_kind"]).fetchall())


def stored_since(connection: Connection, since: datetime) -> dict[str, int]:
    """How many events of each kind are stored from a time on."""
    return dict(connection.execute(_SQL["events_by_kind_since"], {"since": since}).fetchall())


def backlog(connection: Connection) -> dict[str, int]:
    """All that did not go the straight way: `dead_letters`, `conflicts`, `duplicates`, of all times."""
    return rows_as_dicts(connection, _SQL["backlog"])[0]


def purge(connection: Connection, signal_id: str) -> int:
    """Remove a signal and all its events. Returns how many events went; a tombstone of each stays (`sink.sealing`)."""
    with connection.transaction():
        events = remove_events(connection, signal_id)
        ((conflicts,),) = connection.execute(_SQL["purge"], {"signal_id": signal_id}).fetchall()
        add(connection, Counters(events_purged=events, conflicts_purged=conflicts))
    return events
