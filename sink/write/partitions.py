"""The partitions of `records`, made ahead of what belongs there. Nothing depends on one: see migration 0009."""

from __future__ import annotations

import logging
import time
from datetime import date, timedelta

import psycopg

from signaltape.plain_errors import one_line
from sink.db import Connection
from sink.queries import own

log = logging.getLogger("sink")

_SQL = own("records")
_EPOCH = date(1970, 1, 1)
#: After a failure the next try waits so long: records are written meanwhile, and a lock may be held for a while.
_RETRY_S = 60.0


class Partitions:
    """Remembers for which days it has seen to their partitions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        #: days since 1970 (WIB)
        self._seen: set[int] = set()
        self._next_try = 0.0
        self._said = False

    def ensure(self, days: set[int]) -> None:
        """Make the partitions of these days and the next ones where they are missing, in a transaction of their own.

        If that cannot be done, the records go where the rest lies, which is said once. Raises OperationalError if the
        session has ended.
        """
        new = days - self._seen
        if not new or time.monotonic() < self._next_try:
            return
        try:
            with self._connection.transaction():
                ahead = new | {day + 1 for day in new}
                dates = [_EPOCH + timedelta(days=day) for day in sorted(ahead)]
                self._connection.execute(_SQL["partitions"], {"days": dates})
        except psycopg.Error as error:
            if self._connection.closed:
                # whatever was refused before: that the session has ended says nothing about the batch
                raise psycopg.OperationalError(one_line(error)) from error
            self._next_try = time.monotonic() + _RETRY_S
            self._say(error)
            return
        self._seen |= new

    def _say(self, error: psycopg.Error) -> None:
        if not self._said:
            self._said = True
            log.warning(
                "records are stored, but without a partition of their day, so that retention deletes them one by "
                "one: %s; the worker's role must be a member of signaltape_worker, or the one that migrated",
                one_line(error),
            )
