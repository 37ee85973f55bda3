"""What `python -m sink check` counts: do event store and tables agree, and what did not go the straight way."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from signaltape.terminal import NOTHING_TO_DO, Screen, left, right
from sink import counters, quality
from sink.counters import Counters, ever_lines
from sink.db import Connection, snapshot

_ALWAYS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


class Difference(Struct):
    """A kind of event of which the event store holds another number than its table."""

    event: str
    events: int
    rows: int


class Miscount(Struct):
    """A counter that says another number than its table holds."""

    counter: str
    counted: int
    rows: int


class Counted(Struct):
    """All that is stored, as of one moment."""

    agree: bool
    differences: list[Difference]
    #: events of each kind
    events: dict[str, int]
    #: outcomes whose signal was not published (yet), by table
    orphans: dict[str, int]
    dead_letters: int
    conflicts: int
    duplicates: int
    #: all that was ever stored, dropped and removed
    ever: Counters
    #: counters that do not come to what is there
    miscounts: list[Miscount]


def count_all(connection: Connection) -> Counted:
    """Count. Reads all events; raises psycopg.Error."""
    with snapshot(connection):
        events = quality.stored_by_kind(connection)
        differing = quality.disagreements(connection)
        orphans = quality.orphans(connection, *_ALWAYS)
        rest = quality.quality(connection, *_ALWAYS)
        ever, miscounted = counters.read(connection), counters.differences(connection)
    return Counted(
        agree=not differing and not miscounted,
        differences=[Difference(kind, *numbers) for kind, numbers in differing.items()],
        events=events,
        orphans=orphans,
        dead_letters=rest.dead_letters,
        conflicts=rest.conflicts,
        duplicates=rest.duplicates,
        ever=ever,
        miscounts=[Miscount(name, *numbers) for name, numbers in miscounted.items()],
    )


def show_counted(screen: Screen, found: Counted) -> None:
    """Print it, the answer first."""
    total = sum(found.events.values())
    if found.agree:
        screen.say(f"all tables agree, {total} events are stored", "good")
    else:
        what = "event store and tables" if found.differences else "counters and tables"
        screen.say(f"{what} do not agree, {total} events are stored", "bad")
    screen.table(
        (left("event"), right("events"), right("rows")),
        [(one.event, one.events, one.rows) for one in found.differences],
    )
    screen.table(
        (left("counter"), right("counted"), right("rows")),
        [(one.counter, one.counted, one.rows) for one in found.miscounts],
    )
    screen.table((left("event"), right("stored")), sorted(found.events.items()))
    screen.gap()
    screen.block(
        [
            ("orphans", ", ".join(f"{table} {n}" for table, n in found.orphans.items() if n)),
            ("dead letters", found.dead_letters),
            ("conflicts", found.conflicts),
            ("duplicates", found.duplicates),
            *ever_lines(found.ever),
        ]
    )
    screen.next(
        NOTHING_TO_DO
        if found.agree
        else "python -m sink rebuild makes tables anew from the event store, and counters from the tables"
    )
