"""The dead letters: look at them, send them through again, drop them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from consumer.decoding.dead_fields import unpack_fields
from sink.counters import Counters, add
from sink.db import Connection, rows_as_dicts
from sink.queries import own

_SQL = own("dead_letters")
_CHUNK = 500


class Filter(NamedTuple):
    """Which letters; None leaves a condition out. `reason` is a part of it; times are half-open bounds."""

    event: str | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    ids: list[int] | None = None


class Letter(NamedTuple):
    """What is needed to put an entry together again."""

    id: int
    stream: str
    entry_id: str
    entry_ts: datetime
    #: all fields of the entry as they were, `data` included
    fields: dict[bytes, bytes]


def listed(connection: Connection, which: Filter, limit: int) -> list[dict[str, Any]]:
    """Letters that match, newest first, without their bytes."""
    return rows_as_dicts(connection, _SQL["list"], {**which._asdict(), "limit": limit})


def counts(connection: Connection, which: Filter) -> list[dict[str, Any]]:
    """How many letters match, by event and reason."""
    return rows_as_dicts(connection, _SQL["count_by_reason"], which._asdict())


def whole(connection: Connection, number: int) -> dict[str, Any] | None:
    """One letter with its bytes and unpacked fields; None if it is not there."""
    rows = rows_as_dicts(connection, _SQL["whole"], {"id": number})
    if not rows:
        return None
    row = rows[0]
    row["fields"] = unpack_fields(row["fields"])
    return row


def take_all(
    connection: Connection, which: Filter, handle: Callable[[Sequence[Letter]], Sequence[Letter]]
) -> int:
    """Hand every letter that matches to `handle`, a few at a time, and delete those that it returns: the others stay.

    Each few is one transaction: if `handle` raises, those letters stay. Returns how many went.
    """
    row = connection.execute(_SQL["newest"]).fetchone()
    bound = {**which._asdict(), "after": 0, "up_to": row[0] if row else 0, "limit": _CHUNK}
    total = 0
    while True:
        with connection.transaction():
            rows = rows_as_dicts(connection, _SQL["take"], bound)
            if not rows:
                return total
            gone = [letter.id for letter in handle([_letter(row) for row in rows])]
            connection.execute(_SQL["delete"], {"ids": gone})
            add(connection, Counters(dead_letters_removed=len(gone)))
        bound["after"] = rows[-1]["id"]
        total += len(gone)


def _letter(row: dict[str, Any]) -> Letter:
    fields = unpack_fields(row["fields"])
    if row["raw"]:
        fields[b"data"] = row["raw"]
    return Letter(row["id"], row["stream"], row["entry_id"], row["entry_ts"], fields)
