"""What the database's room can do for a person: migrate, check, rebuild, purge, seal, verify.

Plain functions for commands, pages and bots alike. Each raises only errors of `signaltape.errors`, each of one line.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from uuid import UUID

from msgspec import Struct, structs

from signaltape.settings import Settings
from signaltape.stopping import until
from sink import quality
from sink.admin import carry_over, granting
from sink.admin import migrate as migrations
from sink.admin.counting import Counted, count_all
from sink.admin.errors import SchemaOutdated
from sink.admin.migrate import Migration
from sink.admin.rebuild import rebuild as rebuild_tables
from sink.db import Connection, connect, database_url
from sink.plain_errors import plain_errors
from sink.sealing.found import Verified
from sink.sealing.sealing import MOST_IDLE_S, seal_days
from sink.sealing.seals import given_digest
from sink.sealing.stored import sealed_through
from sink.sealing.tables import altered_tables
from sink.sealing.verifying import verify as verify_rows


@plain_errors()
def migrate(settings: Settings) -> list[Migration]:
    """Bring the schema up to date; returns what was applied now. Safe to run twice, and by several at once."""
    with _connected(settings, "migrate") as connection:
        return migrations.migrate(connection)


@plain_errors()
def rights(settings: Settings) -> list[str]:
    """The statements that would bring the rights of all processes to what is declared; none if they are so."""
    with _connected(settings, "rights") as connection:
        return granting.differing(connection)


@plain_errors()
def check(settings: Settings) -> Counted:
    """Count all that is stored, and compare event store and tables. Raises SchemaOutdated if migrations are missing."""
    with _connected(settings, "check") as connection:
        if missing := migrations.pending(connection):
            names = ", ".join(f"{step.number:04d}_{step.name}" for step in missing)
            raise SchemaOutdated(f"migrations are missing ({names}): run python -m sink migrate")
        if carry_over.is_unfinished(connection):
            raise SchemaOutdated("records of before are not all carried over: run python -m sink migrate")
        return count_all(connection)


@plain_errors()
def rebuild(
    settings: Settings,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    stop: threading.Event | None = None,
) -> int:
    """Make the detail tables anew from the event store, in one transaction; returns how many events that has.

    Writers wait meanwhile. progress: called with (done, total); stop: once set, it ends by Stopped and changes nothing.
    """
    with _connected(settings, "rebuild") as connection:
        return rebuild_tables(connection, until(stop, progress, "stopped: the tables are as they were"))


@plain_errors()
def purge(settings: Settings, signal_id: UUID) -> int:
    """Remove a signal with all that is its own; returns how many events went. That they were there stays known."""
    with _connected(settings, "purge") as connection:
        return quality.purge(connection, str(signal_id))


class NewSeals(Struct, frozen=True):
    """What was sealed now, and up to where the record is sealed."""

    days: int
    rows: int
    #: the newest sealed day, WIB; None if nothing is sealed
    through: date | None
    #: of its seal: 64 hexadecimal digits
    digest: str | None


@plain_errors()
def seal(
    settings: Settings,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    stop: threading.Event | None = None,
) -> NewSeals:
    """Seal every day that is over; nothing, if that was done. Safe to run by several at once, and while all work.

    progress: called with (done, total) rows; stop: once set, it ends by Stopped, and the days before are sealed.
    """
    with _connected(settings, "seal", MOST_IDLE_S) as connection:
        made = seal_days(connection, until(stop, progress, "stopped: the days before are sealed"))
        newest = sealed_through(connection)
    rows = sum(one.content.n for one in made)
    return NewSeals(len(made), rows, newest and newest.through, newest and newest.digest)


@plain_errors()
def verify(
    settings: Settings,
    *,
    expect: str | None = None,
    since: date | None = None,
    tables: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    stop: threading.Event | None = None,
) -> Verified:
    """Hold all that is sealed against its seals; changes nothing.

    expect: a digest that stood in a report, or its beginning. since: rows of earlier days are not read. tables: if the
    record is intact, hold the tables of signals, which reports read, against it, too. progress: called with (done,
    total) rows; stop: once set, it ends by Stopped.
    """
    digits = None if expect is None else given_digest(expect)
    with _connected(settings, "verify") as connection:
        told = until(stop, progress, "stopped")
        found = verify_rows(connection, told, expect=digits, since=since)
        if tables and found.intact and (altered := altered_tables(connection, told)):
            return structs.replace(found, intact=False, altered=altered)
        return found


@contextmanager
def _connected(settings: Settings, purpose: str, most_idle_s: float = 0) -> Iterator[Connection]:
    name = f"signaltape-{purpose}"
    with connect(database_url(settings), name=name, most_idle_s=most_idle_s) as connection:
        yield connection
