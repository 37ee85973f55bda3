"""Migrations: numbered SQL files, applied in order in one transaction under an advisory lock."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from sink import counters
from sink import migrations as migrations_folder
from sink.admin import granting, indexes
from sink.admin.carry_over import carry_over
from sink.admin.errors import MigrationError
from sink.db import Connection
from sink.queries import own

_FOLDER = Path(migrations_folder.__file__).parent
_FILE = re.compile(r"(\d{4})_(\w+)\.sql")
_SQL = own("migrate")


class Migration(NamedTuple):
    """One step of the schema."""

    number: int
    name: str
    sql: bytes

    @property
    def checksum(self) -> str:
        """Tells whether the file is still the one that was applied."""
        return hashlib.sha256(self.sql).hexdigest()


def migrations() -> list[Migration]:
    """All migrations of this program, in order."""
    found = []
    for path in sorted(_FOLDER.glob("*.sql")):
        match = _FILE.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name} is not named like 0001_name.sql")
        found.append(Migration(int(match[1]), match[2], path.read_bytes()))
    return found


def migrate(connection: Connection) -> list[Migration]:
    """Bring the database up to date. Returns what was applied now (nothing, the second time).

    Safe to run from several processes at once: one works, the others wait and then find nothing to do. Records of
    before migration 0009 are carried over at the end, and indexes built that the worker need not wait for; if that is
    interrupted, the next call goes on with it. Last, each process gets its rights (sink/grants.toml), as far as this
    role may give them.
    Raises MigrationError, and changes nothing, if the database holds a migration that is not ours.
    """
    with connection.transaction():
        connection.execute(_SQL["lock"])
        connection.execute(_SQL["create_ledger"])
        todo = pending(connection)
        for step in todo:
            connection.execute(step.sql)
            connection.execute(_SQL["record"], (step.number, step.name, step.checksum))
    carry_over(connection)
    indexes.build(connection)
    counters.fold(connection)
    granting.grant(connection)
    return todo


def pending(connection: Connection) -> list[Migration]:
    """The migrations that this database still lacks. Raises MigrationError if it holds foreign ones."""
    known = {step.number: step for step in migrations()}
    exists = connection.execute(_SQL["ledger_exists"]).fetchone()
    applied = connection.execute(_SQL["applied"]).fetchall() if exists and exists[0] else []
    for number, name, checksum in applied:
        if number not in known:
            raise MigrationError(
                f"the database has migration {number:04d}_{name}, which this program does not know: "
                "it is newer; update signaltape"
            )
        if known[number].checksum != checksum:
            raise MigrationError(
                f"migration {number:04d}_{name} was applied in another form than it has here"
            )
    done = {number for number, _, _ in applied}
    return [step for number, step in known.items() if number not in done]
