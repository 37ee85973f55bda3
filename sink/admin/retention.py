"""Old records: partitions are dropped whole, and within one that must stay what is past its time is deleted.

Each partition, and each few thousand rows, is a transaction of its own, so that writers never wait for long. A
partition that is busy is left for the next run. It is all done by functions of migration 0056, with the rights of the
tables' owner: whoever runs this needs none but to call them, and to fold the counters.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime

from psycopg.errors import LockNotAvailable

from signaltape.clock import from_epoch_ms
from sink.counters import fold
from sink.db import Connection
from sink.queries import own

log = logging.getLogger("sink")

_SQL = own("retention")
_MARKET, _DESK = "market", "desk"
_PARENTS = {True: "records_market", False: "records_engine"}
#: Has no partitions of days.
_OF_DESK = "records_desk"
#: A partition's upper bound: the least id of the next day, which begins with milliseconds since 1970.
_UNTIL = re.compile(r"TO \('([0-9a-f]{8})-([0-9a-f]{4})-0000-0000-000000000000'\)")
_DELETE_AT_ONCE = 10_000
_TRIES = 3


def drop_partitions(
    connection: Connection, limits: Mapping[str, datetime], *, dry_run: bool = False
) -> list[str]:
    """Remove records older than the limit of their class. Returns the partitions that were (or would be) dropped.

    A partition goes once its day is over and all that it holds is past the limits. connection: in autocommit mode.
    Raises psycopg.Error.
    """
    engine = min(limit for group, limit in limits.items() if group not in (_MARKET, _DESK))
    dropped = []
    for is_market, limit in ((True, limits[_MARKET]), (False, engine)):
        parent = _PARENTS[is_market]
        for partition in _ended(connection, parent, limit):
            if not _holds(connection, partition, limit) and (dry_run or _drop(connection, partition, limit)):
                dropped.append(partition)
    if not dry_run:
        for group, limit in limits.items():
            _delete(connection, group, limit)
        fold(connection)
    return dropped


def _ended(connection: Connection, parent: str, limit: datetime) -> Iterator[str]:
    """The partitions whose WIB day is over at the limit, oldest first."""
    for name, bound in connection.execute(_SQL["days"], {"parent": parent}).fetchall():
        until = _UNTIL.search(bound)
        if until is not None and from_epoch_ms(int(until[1] + until[2], 16)) <= limit:
            yield name


def _holds(connection: Connection, partition: str, limit: datetime) -> bool:
    asked = {"partition": partition, "limit": limit}
    return bool(connection.execute(_SQL["holds"], asked).fetchall()[0][0])


def _drop(connection: Connection, partition: str, limit: datetime) -> bool:
    """Drop a partition unless something came into it meanwhile. False if it stays."""
    asked = {"partition": partition, "limit": limit}
    for _ in range(_TRIES):
        with suppress(LockNotAvailable):
            return connection.execute(_SQL["drop"], asked).fetchall()[0][0] is not None
    log.warning("%s is busy; it is dropped by the next run", partition)
    return False


def _tables(connection: Connection, group: str) -> list[str]:
    """Where records of a class may lie."""
    if group == _DESK:
        return [_OF_DESK]
    found = connection.execute(_SQL["days"], {"parent": _PARENTS[group == _MARKET]}).fetchall()
    return [name for name, _ in found]


def _delete(connection: Connection, group: str, limit: datetime) -> None:
    for name in _tables(connection, group):
        asked = {"partition": name, "class": group, "limit": limit, "most": _DELETE_AT_ONCE}
        while connection.execute(_SQL["delete"], asked).fetchall()[0][0] == _DELETE_AT_ONCE:
            pass  # each few thousand are a transaction
