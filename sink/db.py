"""Connections to Postgres: the one place that knows the driver and a session's settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow, dict_row

from signaltape.clock import WIB_NAME
from signaltape.errors import SettingsError
from signaltape.settings import Secret, Settings
from sink.queries import own

_SQL = own("session")
_READING = own("reading")
#: Of `only_reading`.
_LONGEST_MS: ContextVar[int | None] = ContextVar("longest_ms", default=None)

Connection = psycopg.Connection[TupleRow]
Cursor = psycopg.Cursor[TupleRow]
AsyncConnection = psycopg.AsyncConnection[TupleRow]

#: The server is away, or ended this session: connect again and repeat the batch.
CONNECTION_ERRORS = (psycopg.OperationalError, psycopg.InterfaceError)
DatabaseError = psycopg.Error
#: A value that Postgres cannot hold.
DataError = psycopg.DataError

CONNECT_TIMEOUT_S = 10
#: A role's short timeout cuts off even the statement that lifts it: on a busy machine one of a few hundred, at some
#: milliseconds. PostgreSQL says "due to statement timeout" or, if it was just done, "due to user request".
_LIFTING_TRIES = 20
#: A sender that froze, or whose host vanished, amid a transaction must not keep the others from their turn: the server
#: ends an asynchronous session that stands still there for so long. Others may be as long as they like, or say it.
_MOST_IDLE_ASYNC_S: float = 60
#: A half-open connection is noticed within about a minute.
_KEEPALIVE: dict[str, Any] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # also where it is we who wait to be heard
}
HOW: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_S, "client_encoding": "UTF8", **_KEEPALIVE}


def database_url(settings: Settings) -> Secret:
    """DATABASE_URL, or SettingsError if it is not set."""
    if settings.database_url is None:
        raise SettingsError(
            "DATABASE_URL is not set: export DATABASE_URL=postgresql://user:password@host:5432/signaltape"
        )
    return settings.database_url


def connect(
    url: Secret,
    *,
    name: str = "signaltape",
    autocommit: bool = True,
    begun: Callable[[Connection], None] = lambda _connection: None,
    most_idle_s: float = 0,
) -> Connection:
    """Open a session in Asia/Jakarta, with all that this program relies on set. Transactions are explicit: `with
    connection.transaction()`.

    begun: given the session before its first statement, which may wait without end: behind a pooler, for a server.
    most_idle_s: the server ends the session once a transaction has stood still for so long; 0: never.
    Raises DatabaseError when the server cannot be reached, or its database does not hold UTF-8.
    """
    connection = psycopg.connect(url.reveal(), autocommit=True, application_name=name, **HOW)
    try:
        begun(connection)
        _refuse_other_encodings(connection)
        for _ in range(_LIFTING_TRIES):
            with suppress(psycopg.errors.QueryCanceled):
                connection.execute(_SQL["no_hurry"])
                break
        connection.execute(_SQL["settings"], _values(url, most_idle_s))
        longest_ms = _LONGEST_MS.get()
        if longest_ms is not None:
            connection.execute(_READING["short"], {"ms": str(longest_ms)})
        connection.autocommit = autocommit
    except BaseException:
        connection.close()
        raise
    return connection


async def connect_async(url: Secret, *, name: str = "signaltape") -> AsyncConnection:
    """As `connect`, in autocommit mode, for an event loop: no call on it holds up the loop. See _MOST_IDLE_ASYNC_S."""
    connection = await psycopg.AsyncConnection.connect(
        url.reveal(), autocommit=True, application_name=name, **HOW
    )
    try:
        await set_up(connection, url)
    except BaseException:
        await connection.close()
        raise
    return connection


async def set_up(connection: AsyncConnection, url: Secret) -> None:
    """Set all that this program relies on, in a session that is new. Raises DatabaseError."""
    _refuse_other_encodings(connection)
    for _ in range(_LIFTING_TRIES):
        with suppress(psycopg.errors.QueryCanceled):
            await connection.execute(_SQL["no_hurry"])
            break
    await connection.execute(_SQL["settings"], _values(url, _MOST_IDLE_ASYNC_S))


def _values(url: Secret, most_idle_s: float = 0) -> dict[str, Any]:
    """What a session's settings hang on."""
    return {"zone": WIB_NAME, "url_says": _names_a_schema(url), "most_idle": f"{most_idle_s}s"}


def _refuse_other_encodings(connection: Connection | AsyncConnection) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise psycopg.NotSupportedError(
            f"the database {connection.info.dbname} holds {encoding}, not UTF8: make another one by "
            "CREATE DATABASE signaltape ENCODING 'UTF8' TEMPLATE template0, and name it in DATABASE_URL"
        )


def _names_a_schema(url: Secret) -> bool:
    """Whether the URL says where the tables are: `?options=-csearch_path%3Dtape`."""
    return "search_path" in str(conninfo_to_dict(url.reveal()).get("options"))


def end_once_idle(connection: Connection, for_s: float) -> None:
    """Have the server end a session, and with it the lead that it has, once nothing was asked for so long."""
    connection.execute(_SQL["end_once_idle"], {"most_idle": f"{for_s}s"})


@contextmanager
def only_reading(longest_ms: int) -> Iterator[None]:
    """Within this, sessions that `connect` opens only read, and no statement of theirs takes longer: somebody waits.

    Threads that `asyncio.to_thread` starts within it keep to it, too.
    """
    given = _LONGEST_MS.set(longest_ms)
    try:
        yield
    finally:
        _LONGEST_MS.reset(given)


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """A transaction whose queries all see the same moment, however much is written meanwhile; it only reads.

    Inside of another one it is that one's moment. connection: in autocommit mode.
    """
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        yield
        return
    with connection.transaction():
        connection.execute(_SQL["snapshot"])
        yield


def rows_as_dicts(connection: Connection, query: bytes, parameters: Any = None) -> list[dict[str, Any]]:
    """Run a query and return its rows as dicts."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchall()


async def fetched(connection: AsyncConnection, query: bytes, parameters: Any = None) -> list[TupleRow]:
    """Run a query and return its rows."""
    cursor = await connection.execute(query, parameters)
    return await cursor.fetchall()
