"""Records of before migration 0009 into the table that replaced theirs: a day at a time, each in a short transaction.

All at once it would take a lock on every day's partition and its indexes, and of a few years of them PostgreSQL cannot
hold that many. The worker may write meanwhile.
"""

from __future__ import annotations

from psycopg import sql

from sink.counters import Counters, add
from sink.db import Connection
from sink.queries import own

_SQL = own("carry_over")


def carry_over(connection: Connection) -> None:
    """Carry over what is left of it; nothing, as a rule. connection: in autocommit mode. Raises psycopg.Error."""
    while _carry_one(connection):
        pass


def is_unfinished(connection: Connection) -> bool:
    """Whether anything is left of it. Raises psycopg.Error."""
    there = connection.execute(_SQL["there"]).fetchone()
    return bool(there and there[0])


def _carry_one(connection: Connection) -> bool:
    """Carry one partition over and drop it. False if there is none left."""
    with connection.transaction():
        connection.execute(_SQL["lock"])
        if not is_unfinished(connection):
            return False
        row = connection.execute(_SQL["oldest"]).fetchone()
        if row is None:
            connection.execute(_SQL["finish"])
            return False
        partition = sql.Identifier(row[0])
        stored, kept, _ = (
            connection.execute(sql.SQL(_SQL[step].decode()).format(partition=partition)).rowcount
            for step in ("copy", "keep_conflicts", "drop")
        )
        add(connection, Counters(records_stored=stored, conflicts_kept=kept))
    return True
