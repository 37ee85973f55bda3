"""The dead letters: look at them, send them through again, drop them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import msgspec

from consumer.decoding.dead_fields import unpack_fields
from sink.counters import Counters, add
from sink.db import Connection, rows_as_dicts
from sink.queries import own

_SQL = own("dead_letters")
_CHUNK = 500
Rows = list[dict[str, Any]]
#: Locks the next few letters, within a transaction.
Few = Callable[[], Rows]


class Filter(NamedTuple):
    """Which letters; None leaves a condition out. `reason` and `text` are parts, `text` of the entry's data; times are
    half-open bounds.
    """

    event: str | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    ids: list[int] | None = None
    stream: str | None = None
    text: str | None = None


class Shown(NamedTuple):
    """What somebody has seen before he decides: so many letters match, and this is the highest id among them."""

    letters: int
    up_to: int
    #: of their ids, where it is known: as many others are not these
    ids_sum: int | None = None


class Heading(msgspec.Struct, frozen=True):
    """A letter as it stands in a list."""

    id: int
    stream: str
    entry_id: str
    event: str | None
    reason: str
    raw_bytes: int
    entry_ts: datetime
    received_at: datetime


class ReasonCount(msgspec.Struct, frozen=True):
    """How many letters of an event have the same reason; the values in it are left out."""

    event: str | None
    reason: str
    letters: int
    #: times of the first and the last of their entries
    first: datetime
    last: datetime


class WholeLetter(msgspec.Struct, frozen=True):
    """A letter with all of its entry."""

    id: int
    stream: str
    entry_id: str
    event: str | None
    reason: str
    #: the field `data`, empty if there was none
    raw: bytes
    #: the other fields
    fields: dict[bytes, bytes]
    entry_ts: datetime
    received_at: datetime


class Letter(NamedTuple):
    """What is needed to put an entry together again."""

    id: int
    stream: str
    entry_id: str
    entry_ts: datetime
    #: all fields of the entry as they were, `data` included
    fields: dict[bytes, bytes]


def listed(connection: Connection, which: Filter, limit: int, below: int | None = None) -> list[Heading]:
    """A page of the letters that match, newest first, without their bytes. below: the last id of the page before."""
    rows = rows_as_dicts(connection, _SQL["list"], {**which._asdict(), "limit": limit, "below": below})
    return [Heading(**row) for row in rows]


def count(connection: Connection, which: Filter) -> Shown:
    """How many letters match, and up to which id."""
    return Shown(**rows_as_dicts(connection, _SQL["count"], which._asdict())[0])


def counts(connection: Connection, which: Filter) -> list[ReasonCount]:
    """How many letters match, by event and reason."""
    rows = rows_as_dicts(connection, _SQL["count_by_reason"], which._asdict())
    return [ReasonCount(**row) for row in rows]


def whole(connection: Connection, number: int) -> WholeLetter | None:
    """One letter with its bytes; None if it is not there."""
    rows = rows_as_dicts(connection, _SQL["whole"], {"id": number})
    if not rows:
        return None
    return WholeLetter(**{**rows[0], "fields": unpack_fields(rows[0]["fields"])})


def stands(connection: Connection, signal_id: str, event: str, payload: bytes) -> bool | None:
    """Whether an event is stored already with the same content; None: it is not stored. Raises psycopg.Error."""
    asked = {"signal_id": signal_id, "event": event, "payload": payload.decode()}
    rows = rows_as_dicts(connection, _SQL["stands"], asked)
    return bool(rows[0]["same"]) if rows else None


def take_all(
    connection: Connection,
    which: Filter,
    handle: Callable[[Sequence[Letter]], Sequence[Letter]],
    *,
    everything: bool = False,
    shown: Shown | None = None,
    progress: Callable[[int], None] = lambda _done: None,
    stop: threading.Event | None = None,
) -> int:
    """Hand every letter that matches to `handle`, a few at a time, and delete those that it returns: the others stay.

    Each few is one transaction: if `handle` raises, those letters stay. Returns how many went.
    everything: a filter without a condition means all of them; else it means none.
    shown: those that were seen, and none if up to that id there are more or fewer by now; others that come are not
    touched, at whichever moment.
    progress: called with how many went so far. stop: once set, no more are begun.
    """
    asked = {**which._asdict(), "everything": everything}
    total = 0
    for few in _matching(connection, asked) if shown is None else _chosen(connection, asked, shown):
        if stop is not None and stop.is_set():
            break
        with connection.transaction():
            rows = few()
            if not rows:
                continue
            gone = [letter.id for letter in handle([_letter(row) for row in rows])]
            connection.execute(_SQL["delete"], {"ids": gone})
            add(connection, Counters(dead_letters_removed=len(gone)))
        total += len(gone)
        progress(total)
    return total


def _matching(connection: Connection, asked: dict[str, Any]) -> Iterator[Few]:
    """All that match and are there now, a few at a time."""
    row = connection.execute(_SQL["newest"]).fetchone()
    bound = {**asked, "limit": _CHUNK, "after": 0, "up_to": row[0] if row else 0}

    def take() -> Rows:
        rows = rows_as_dicts(connection, _SQL["take"], bound)
        bound["after"] = rows[-1]["id"] if rows else None
        return rows

    while bound["after"] is not None:
        yield take


def _chosen(connection: Connection, asked: dict[str, Any], shown: Shown) -> Iterator[Few]:
    """Those whose number was seen, a few at a time; none if they are more or fewer by now."""
    rows = rows_as_dicts(connection, _SQL["choose"], {**asked, **shown._asdict()})
    ids = (rows[0]["ids"] or []) if rows else []
    for start in range(0, len(ids), _CHUNK):
        few = {"ids": ids[start : start + _CHUNK]}
        yield partial(rows_as_dicts, connection, _SQL["take_these"], few)


def _letter(row: dict[str, Any]) -> Letter:
    fields = unpack_fields(row["fields"])
    if row["raw"]:
        fields[b"data"] = row["raw"]
    return Letter(row["id"], row["stream"], row["entry_id"], row["entry_ts"], fields)
