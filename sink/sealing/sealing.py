"""Sealing the days that are over, each in a transaction of its own, and one at a time whoever begins.

Which rows a seal holds: those that arrived on its day, and those of earlier days that no seal holds, being committed
after theirs. Whether there are any says the difference of counters and rows, which both are of the same transaction;
only if there are, earlier days are looked through. So no row falls between two seals, and a row that was put into a
sealed day by hand, past the counters, is not taken in for one that came late: where more are found than there should be
nothing tells which, and none is taken in; verifying names them until the one by hand is gone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from hashlib import sha256
from typing import NamedTuple

from psycopg.errors import UniqueViolation

from signaltape.clock import WIB, utc_now
from sink.db import Connection
from sink.sealing.names import chunks
from sink.sealing.rows import Key, Row
from sink.sealing.seals import (
    BEFORE_ALL,
    NO_DIGEST,
    Content,
    Purge,
    Seal,
    begin_of,
    digest_of,
    digest_of_purges,
)
from sink.sealing.stored import (
    SQL,
    newest,
    purges,
    rows_between,
    rows_by_key,
    seals,
    span_of,
)
from sink.sealing.verifying import walked

Progress = Callable[[int, int], None]
_DAY = timedelta(days=1)
#: As in `over`: a transaction of before midnight may still write.
_GRACE = timedelta(minutes=15)
_TELL_EVERY = 1_000
#: For `sink.db.connect`: who seals and froze keeps others from sealing and purging no longer than this.
MOST_IDLE_S = 60.0
#: Who finds somebody else sealing looks again so soon.
_AGAIN_S = 0.1


class _Late(NamedTuple):
    """Rows of sealed days that no seal holds, and what the counters say beyond them."""

    keys: list[Key]
    unaccounted: int


def seal_days(connection: Connection, progress: Progress = lambda _done, _total: None) -> list[Seal]:
    """Seal every day that is over and not sealed yet; returns the new seals. Costs two questions if there is none.

    connection: in autocommit mode. progress: called with (done, total) rows; what it raises ends it, with the days
    before sealed. Raises psycopg.Error.
    """
    day, last = _unsealed(connection)
    if day is None or day > last:
        return []
    counts = _counts(connection, day, last, first=newest(connection) is None)
    total, done = sum(counts.values()), 0
    made: list[Seal] = []
    while day <= last:
        before = done

        def told(rows: int, before: int = before) -> None:
            progress(before + rows, total)

        seal = _seal_next(connection, day, told, looks_back=not made)
        made += [] if seal is None else [seal]
        done += counts.get(day, 0)
        day += _DAY
    return made


def _unsealed(connection: Connection) -> tuple[date | None, date]:
    """The first day that is not sealed, and the last that may be: by the server's clock and by this machine's.

    A clock that is ahead for a while would seal days to come: what arrives on them would be late for as long.
    """
    ((by_server,),) = connection.execute(SQL["over"]).fetchall()
    last = min(by_server, (utc_now() - _GRACE).astimezone(WIB).date() - _DAY)
    seal = newest(connection)
    if seal is not None:
        return seal.day + _DAY, last
    ((first,),) = connection.execute(SQL["first_day"]).fetchall()
    return first, last


def _counts(connection: Connection, day: date, last: date, *, first: bool) -> Mapping[date, int]:
    since, until = span_of(day, first=first)[0], begin_of(last + _DAY).isoformat()
    return dict(connection.execute(SQL["count_by_day"], {"since": since, "until": until}).fetchall())


def _seal_next(
    connection: Connection, day: date, told: Callable[[int], None], *, looks_back: bool
) -> Seal | None:
    """Seal a day; None if somebody else did meanwhile."""
    try:
        while not (done := _try_to_seal(connection, day, told, looks_back=looks_back)):
            time.sleep(_AGAIN_S)  # who waits in the lock itself holds a view that is old by then
    except UniqueViolation:
        if not _is_sealed(newest(connection), day):
            raise
        return None  # who was before us committed behind our view
    return done[0]


def _try_to_seal(
    connection: Connection, day: date, told: Callable[[int], None], *, looks_back: bool
) -> tuple[Seal | None] | None:
    """The seal, or none as above; None if somebody else has the turn."""
    told(0)  # who waits for its turn hears whether it is to go on
    with connection.transaction():
        connection.execute(SQL["as_of_one_moment"])
        if not connection.execute(SQL["turn"]).fetchall()[0][0]:
            return None
        before = newest(connection)
        if _is_sealed(before, day):
            return (None,)
        late = _late(connection, before, day, told, looks_back=looks_back)
        return (_seal(connection, before, day, late, told),)


def _is_sealed(newest_seal: Seal | None, day: date) -> bool:
    return newest_seal is not None and newest_seal.day >= day


def _late(
    connection: Connection, before: Seal | None, day: date, told: Callable[[int], None], *, looks_back: bool
) -> _Late:
    """What came late. Looked for once a call: what comes late meanwhile is for the next one."""
    if before is None:
        return _Late([], _beyond(connection, day, 0, first=True))
    if not looks_back or not (beyond := _beyond(connection, day, before.unaccounted)):
        return _Late([], before.unaccounted)
    found = _unsealed_rows(connection, beyond, told) if beyond > 0 else []
    if found and len(found) > beyond:
        return _Late([], before.unaccounted)
    return _Late(found, before.unaccounted + beyond - len(found))


def _beyond(connection: Connection, day: date, unaccounted: int, *, first: bool = False) -> int:
    given = {"since": span_of(day, first=first)[0], "unaccounted": unaccounted}
    ((beyond,),) = connection.execute(SQL["late"], given).fetchall()
    return int(beyond)


def _unsealed_rows(connection: Connection, most: int, told: Callable[[int], None]) -> list[Key]:
    """Rows of sealed days that no seal holds. First all days are looked through that have not as many rows as their
    seal, then others until as many are found as the counters say. Of days whose list of names was altered none is
    taken: there all would seem so.
    """
    days = seals(connection)
    counts = _counts(connection, days[0].day, days[-1].day, first=True)
    found: list[Key] = []

    def fits(one: Seal) -> bool:
        return counts.get(one.day, 0) == one.content.n - one.content.late

    for seal in sorted(days, key=fits):
        if len(found) >= most and fits(seal):
            break
        told(0)
        day = walked(connection, seal, first=seal is days[0], told=lambda _rows: told(0))
        found += [] if day.list_altered else day.walk.extra
    return found


def _seal(
    connection: Connection, before: Seal | None, day: date, late: _Late, told: Callable[[int], None]
) -> Seal:
    making = _Making(connection, day, told)
    making.take(rows_by_key(connection, late.keys), late=True)
    found_late = making.n
    making.take(rows_between(connection, *span_of(day, first=before is None)), late=False)
    gone, through = _purges(connection, before)
    content = Content(day, making.n, found_late, *making.digests, len(gone), digest_of_purges(gone))
    prev = NO_DIGEST if before is None else before.digest
    seal = Seal(content, through, prev, digest_of(content, prev), late.unaccounted)
    connection.execute(SQL["keep"], (*content, *seal[1:]))
    return seal


def _purges(connection: Connection, before: Seal | None) -> tuple[list[Purge], int]:
    """Tombstones since the seal before, and the id of the last one."""
    ((through,),) = connection.execute(SQL["last_purge"]).fetchall()
    return list(purges(connection, BEFORE_ALL if before is None else before.purged_through, through)), through


class _Making:
    """The names of a seal, written while its rows go by; nothing of them stays in memory."""

    def __init__(self, connection: Connection, day: date, told: Callable[[int], None]) -> None:
        self.n = 0
        self._connection, self._day, self._told = connection, day, told
        self._rows, self._names = sha256(), sha256()
        self._number = 0

    @property
    def digests(self) -> tuple[bytes, bytes]:
        """Of the rows, and of their names."""
        return self._rows.digest(), self._names.digest()

    def take(self, rows: Iterable[Row], *, late: bool) -> None:
        """Take rows in, in order of arrival."""
        for chunk in chunks(self._counted(rows), late=late):
            self._names.update(chunk.written)
            self._connection.execute(SQL["keep_names"], (self._day, self._number, *chunk))
            self._number += 1

    def _counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self._rows.update(row.digest)
            self.n += 1
            if self.n % _TELL_EVERY == 0:
                self._told(self.n)
            yield row
        self._told(self.n)
