"""The database's part of a backup: pg_dump and a count of every table, of one moment, while writing goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from psycopg import sql

from deploy.backup.errors import BackupError
from deploy.backup.programs import run, run_on_file
from signaltape import Secret
from sink.db import Connection, connect
from sink.queries import load

DUMP = "database.dump"
_SQL = load(Path(__file__).parent / "sql" / "backup.sql")
#: The dump waits so long for its locks. Whoever changes a table waits for our count of it, and the dump behind them: a
#: circle that the server does not see, for a part of it is here; and all who write would wait, too.
LOCK_WAIT_S = 30.0
#: pg_dump and pg_restore say so of each table (or partition) whose rows they begin with.
_BEGINS_A_TABLE = ("dumping contents of table", "processing data for table")

Progress = Callable[[str, int], None]


class Moment(NamedTuple):
    """One moment of a database: its name for other sessions, the session that holds it, and the schema's number."""

    name: str
    connection: Connection
    migration: int


@contextmanager
def one_moment(url: Secret) -> Iterator[Moment]:
    """Hold a moment of the database for as long as the block lasts. Raises BackupError, psycopg.Error."""
    with connect(url, name="signaltape-backup") as connection:
        connection.execute(_SQL["begin"])
        if "schema_migrations" not in _tables(connection):
            raise BackupError(
                "this database holds no signaltape: run python -m sink migrate, or set DATABASE_URL"
            )
        yield Moment(str(_one(connection, "moment")), connection, int(_one(connection, "migration")))


def dump(url: Secret, moment: Moment, target: Path, progress: Progress) -> None:
    """Write the database as of a moment into a file. Raises BackupError."""
    wait = f"--lock-wait-timeout={LOCK_WAIT_S * 1000:.0f}"
    arguments = ("--format=custom", f"--snapshot={moment.name}", f"--file={target}", wait, "--verbose")
    try:
        run("pg_dump", url, *arguments, tell=_tables_begun("dumping", progress))
    except BackupError as error:
        if "statement timeout" not in str(error):
            raise
        raise BackupError(
            "somebody changes tables (a migration?) and waits for this backup: make it again when that is done"
        ) from error


def count_rows(connection: Connection) -> dict[str, int]:
    """The rows of every table, by its name."""
    return {name: _rows(connection, name) for name in _tables(connection)}


def restore(url: Secret, source: Path, progress: Progress) -> None:
    """Read a dump into an empty database, all of it or nothing; whoever connects owns it then. Raises BackupError.

    Rights are not restored: `python -m sink migrate` gives them, where roles are kept. Until then nobody but the owner
    has any, also not to what runs with its rights.
    """
    arguments = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", "--verbose")
    run("pg_restore", url, *arguments, str(source), tell=_tables_begun("restoring", progress))
    with connect(url, name="signaltape-backup") as connection:
        connection.execute(_SQL["close_functions"])


def read_through(source: Path, progress: Progress) -> None:
    """Read all of a dump, as restoring it would, without a server. Raises BackupError where it is damaged."""
    run_on_file(
        "pg_restore", "--file=/dev/null", "--verbose", str(source), tell=_tables_begun("reading", progress)
    )


def refuse_a_used_one(url: Secret) -> None:
    """Raise BackupError unless the database holds no table."""
    with connect(url, name="signaltape-backup") as connection:
        if tables := _tables(connection):
            raise BackupError(
                f"the database of DATABASE_URL is not empty, it holds {len(tables)} tables: "
                "create another one, and set DATABASE_URL to it"
            )


def stamp(url: Secret, what: str, at: datetime, says: str) -> None:
    """Tell guard that a backup was made (`backup`) or restored (`restore`), where it keeps such stamps."""
    with connect(url, name="signaltape-backup") as connection:
        if _one(connection, "has_stamps"):
            connection.execute(_SQL["stamp"], {"what": what, "at": at, "says": says})


def _tables(connection: Connection) -> list[str]:
    return [row[0] for row in connection.execute(_SQL["tables"]).fetchall()]


def _one(connection: Connection, query: str) -> Any:
    row = connection.execute(_SQL[query]).fetchone()
    assert row is not None
    return row[0]


def _rows(connection: Connection, table: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])


def _tables_begun(title: str, progress: Progress) -> Callable[[str], None]:
    """Counts the tables that a program says it begins."""
    begun = 0

    def tell(line: str) -> None:
        nonlocal begun
        if any(said in line for said in _BEGINS_A_TABLE):
            begun += 1
            progress(f"{title} tables", begun)

    return tell
