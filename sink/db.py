"""Connections to Postgres: the one place that knows the driver and a session's settings."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow, dict_row

from signaltape.clock import WIB_NAME
from signaltape.errors import SettingsError
from signaltape.secrecy import scrub
from signaltape.settings import Secret, Settings

Connection = psycopg.Connection[TupleRow]

#: The server is away, or ended this session: connect again and repeat the batch.
CONNECTION_ERRORS = (psycopg.OperationalError, psycopg.InterfaceError)
DatabaseError = psycopg.Error

CONNECT_TIMEOUT_S = 10
#: A half-open connection is noticed within about a minute.
_KEEPALIVE: dict[str, Any] = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


def database_url(settings: Settings) -> Secret:
    """DATABASE_URL, or SettingsError if it is not set."""
    if settings.database_url is None:
        raise SettingsError(
            "DATABASE_URL is not set: export DATABASE_URL=postgresql://user:password@host:5432/signaltape"
        )
    return settings.database_url


def connect(url: Secret, *, name: str = "signaltape", autocommit: bool = True) -> Connection:
    """Open a session in Asia/Jakarta. Transactions are explicit: `with connection.transaction()`.

    Raises DatabaseError when the server cannot be reached.
    """
    connection = psycopg.connect(
        url.reveal(),
        autocommit=autocommit,
        application_name=name,
        connect_timeout=CONNECT_TIMEOUT_S,
        **_KEEPALIVE,
    )
    connection.execute(sql.SQL("SET TIME ZONE {}").format(sql.Literal(WIB_NAME)))
    return connection


def rows_as_dicts(connection: Connection, query: bytes, parameters: Any = None) -> list[dict[str, Any]]:
    """Run a query and return its rows as dicts."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchall()


def one_line(error: BaseException) -> str:
    """The first line of a database error: enough for a log, and no row contents."""
    lines = scrub(str(error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__
