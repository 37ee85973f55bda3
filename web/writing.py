"""What writes over HTTP: one place that asks who may, takes forms of our own pages alone, and notes what was done.

    writer = writer_of(request, "admin")
    async with writer.noting("drop dead letter 7") as noted:
        done = await asyncio.to_thread(drop_dead_letters, …)
        noted.outcome = f"dropped {done}"

It is written down before it is begun: without that nothing is done. What came of it is added when it ends.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiohttp import web

from signaltape.errors import SignaltapeError
from sink.db import DatabaseError
from sink.pool import Pool, PoolTimeout
from web import audit
from web.http.access import Who, need
from web.http.csrf import OWN_FORM
from web.http.problems import Problem
from web.http.request_ids import REQUEST_ID
from web.shared import WRITING

log = logging.getLogger("web")


class Noted:
    """What is being done; outcome: what came of it, in a few words."""

    def __init__(self) -> None:
        self.outcome = "done"


class Writer(NamedTuple):
    """Somebody who may write, in a request."""

    who: Who
    request_id: str
    pool: Pool

    @asynccontextmanager
    async def noting(self, what: str) -> AsyncIterator[Noted]:
        """Do it within this: it stands in the audit with its outcome, also where it fails."""
        async with self.pool.write() as session:
            number = await audit.note(session, self.who.key, what, self.request_id, outcome=None)
        noted = Noted()
        try:
            yield noted
        except BaseException as error:
            noted.outcome = _why(error)
            raise
        finally:
            await self._end(number, noted.outcome)

    async def _end(self, number: int, outcome: str) -> None:
        """What was done is done: if its outcome cannot be noted, that must not hide it."""
        try:
            async with self.pool.write() as session:
                await audit.ended(session, number, outcome)
        except (DatabaseError, PoolTimeout) as error:
            log.warning("the outcome of %s was not noted: %s", number, type(error).__name__)


def writer_of(request: web.Request, scope: str) -> Writer:
    """Who writes, if they have this scope, and if a page of ours or a program asked. Raises Problem."""
    who = need(request, scope)
    if who.by_browser and OWN_FORM not in request:
        raise Problem(403, "This must be sent by a form of one of our own pages.")
    return Writer(who, request[REQUEST_ID], request.app[WRITING])


def _why(error: BaseException) -> str:
    said = str(error) if isinstance(error, SignaltapeError | Problem) else type(error).__name__
    return f"failed: {said}"
