"""An asynchronous session of the simulated server: a session whose ways take their time beside an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

from tests.simulation.postgres_session import TRANSACTION, Session

T = TypeVar("T")


class AsyncSession:
    """As far as is used of it, psycopg's asynchronous connection in autocommit mode.

    What has arrived is done to its end, whether its asker still waits or not.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._loop = asyncio.get_running_loop()
        self._said = asyncio.Event()
        session.told = self._tell

    async def execute(self, query: bytes, parameters: Any = None) -> _Rows:
        """Run a statement; alone it is a transaction."""
        if self.session.is_inside:
            return _Rows(self.session.execute(query, parameters))
        return _Rows(await self._beside(partial(self.session.execute, query, parameters)))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Several statements in one go: none of them waits."""
        began_ns = await self._beside(partial(self.session.arrive, TRANSACTION))
        with self.session.in_one_go(began_ns):
            yield
        await self._beside(partial(self.session.leave, TRANSACTION))

    async def notifies(self, *, timeout: float, stop_after: int) -> AsyncGenerator[None]:
        """What was said since it was asked last; nothing within `timeout` seconds ends it."""
        assert stop_after == 1
        try:
            await asyncio.wait_for(self._said.wait(), timeout)
        except TimeoutError:
            return
        self._said.clear()
        yield

    async def close(self) -> None:
        """No more of it."""
        self.session.close()

    async def _beside(self, work: Callable[[], T]) -> T:
        return await self._loop.run_in_executor(None, work)

    def _tell(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._said.set)


class _Rows:
    """An asynchronous cursor whose rows are all here."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    async def fetchall(self) -> Any:
        """All rows."""
        return self._cursor.fetchall()
