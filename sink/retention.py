"""Old records: partitions are dropped whole, and within one that must stay the groups kept shorter are deleted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from psycopg import sql

from sink.db import Connection
from sink.queries import own

_SQL = own("retention")


def drop_partitions(
    connection: Connection, limits: Mapping[str, datetime], *, dry_run: bool = False
) -> list[str]:
    """Remove records older than the limit of their class. Returns the partitions that were (or would be) dropped.

    A partition goes once all classes in it are past their limits. Raises psycopg.Error.
    """
    engine = min(limit for group, limit in limits.items() if group != "market")
    ends = {"records_market": limits["market"], "records_engine": engine}
    dropped = []
    with connection.transaction():
        for parent, limit in ends.items():
            for (name,) in connection.execute(_SQL["ended"], {"parent": parent, "limit": limit}).fetchall():
                dropped.append(name)
                if not dry_run:
                    connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))
        if not dry_run:
            for group, limit in limits.items():
                connection.execute(_SQL["delete"], {"class": group, "limit": limit})
    return dropped
