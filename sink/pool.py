"""Sessions of Postgres for a process that answers many at once: most of them may only read, each for a short time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from signaltape.settings import Secret
from sink.db import HOW, AsyncConnection, set_up
from sink.queries import own

__all__ = ["Busy", "Pool", "PoolTimeout", "Session", "TooSlow"]

_SQL = own("session")
_READING = own("reading")
Session = AsyncConnection
#: A question took longer than it may.
TooSlow = psycopg.errors.QueryCanceled
#: A page waits for a free session no longer.
_WAIT_S = 3.0
#: So long the pool tries by itself, ever more slowly; after that the next who asks makes it begin anew.
_TRY_FOR_S = 5.0


class Busy(PoolTimeout):
    """All sessions are in use, and none became free in time: the server is there."""


class Pool:
    """Sessions in Asia/Jakarta with a statement timeout; `read` gives one that cannot write.

    url: where to read; most: sessions at once; statement_ms: the longest question.
    """

    def __init__(self, url: Secret, *, name: str, most: int = 8, statement_ms: int = 10_000) -> None:
        self._statement_ms = statement_ms
        self._url = url
        self._most, self._in_use = most, 0
        self._pool: AsyncConnectionPool[Session] = AsyncConnectionPool(
            url.reveal(),
            min_size=0,
            max_size=most,
            open=False,
            timeout=_WAIT_S,
            configure=self._configure,
            check=AsyncConnectionPool.check_connection,
            reconnect_timeout=_TRY_FOR_S,
            kwargs={"application_name": name, "autocommit": True, **HOW},
        )

    async def open(self) -> None:
        """Begin to connect; a server that is away is tried again for as long as the pool is open."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Close all sessions."""
        await self._pool.close(timeout=2.0)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Session]:
        """A session in one read-only transaction: all of its questions see the same moment.

        Raises PoolTimeout or CONNECTION_ERRORS when the server is away, Busy when all sessions are in use.
        """
        async with self._session() as session, session.transaction():
            await session.execute(_SQL["snapshot"])
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Session]:
        """A session in one transaction that may write."""
        async with self._session() as session, session.transaction():
            await session.execute(_READING["may_write"])
            yield session

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Session]:
        try:
            async with self._pool.connection() as session:
                self._in_use += 1
                try:
                    yield session
                finally:
                    self._in_use -= 1
        except PoolTimeout as error:
            raise (Busy(str(error)) if self._in_use >= self._most else error) from None

    async def _configure(self, session: Session) -> None:
        await set_up(session, self._url)
        await session.execute(_READING["short"], {"ms": str(self._statement_ms)})


async def dicts(session: Session, query: bytes, parameters: Any = None) -> Sequence[dict[str, Any]]:
    """Run a query and return its rows as dicts."""
    async with session.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query, parameters)
        return await cursor.fetchall()


async def one(session: Session, query: bytes, parameters: Any = None) -> dict[str, Any] | None:
    """The first row as a dict, None if there is none."""
    rows = await dicts(session, query, parameters)
    return rows[0] if rows else None
