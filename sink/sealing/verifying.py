"""Verifying the sealed record: every seal follows the one before, and every row is as it was sealed. It only reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from functools import partial
from hashlib import sha256
from typing import NamedTuple

from sink.db import Connection, snapshot
from sink.sealing.found import Altered, Verified, of_row, of_seal
from sink.sealing.names import Chunk
from sink.sealing.rows import Row
from sink.sealing.seals import BEFORE_ALL, NO_DIGEST, Seal, digest_of, digest_of_purges
from sink.sealing.stored import (
    SQL,
    chunks_of,
    elsewhere,
    look_up,
    purges,
    rows_between,
    rows_by_key,
    seals,
    span_of,
    span_us_of,
)
from sink.sealing.walking import Fate, Walk, Wrong

Progress = Callable[[int, int], None]
_DAY = timedelta(days=1)
_TELL_EVERY = 1_000
#: Rows that no seal holds: so many of a day are named.
_MOST_EXTRA = 100


class Day(NamedTuple):
    """A day that was walked along."""

    walk: Walk
    #: the list of its names is not the one that was sealed
    list_altered: bool
    #: all rows of the day together are those that were sealed
    fits: bool


def verify(
    connection: Connection,
    progress: Progress = lambda _done, _total: None,
    *,
    expect: str | None = None,
    since: date | None = None,
) -> Verified:
    """Hold what is stored against its seals, all as of one moment; memory does not grow with the rows.

    expect: the beginning of a digest that a seal must have, in small hexadecimal digits. since: rows of earlier days
    are not read; their seals are. progress: called with (done, total) rows; what it raises ends it.
    Raises psycopg.Error.
    """
    with snapshot(connection):
        found = seals(connection)
        altered = list(_altered_seals(connection, found))
        rows = _Rows(connection, found, since, progress)
        altered += rows.altered()
        waiting = _waiting(connection, found)
        altered += rows.inserted() if rows.extras > waiting else []
    return Verified.of(found, sorted(altered, key=_in_order), rows.counted(waiting), expect, since)


def walked(
    connection: Connection,
    seal: Seal,
    *,
    first: bool,
    most_extra: int | None = None,
    told: Callable[[int], None] = lambda _rows: None,
) -> Day:
    """Walk along a day. first: it is the first of all; most_extra: of rows that no seal holds no more are kept."""
    span = span_us_of(seal.day, first=first)
    walk = Walk(partial(look_up, connection), span, elsewhere(connection, seal.day, span), most_extra)
    names = _Names(chunks_of(connection, seal.day))
    for chunk in names.late():
        walk.late(chunk.each(), rows_by_key(connection, (name.key for name in chunk.each())))
    rows = rows_between(connection, *span_of(seal.day, first=first))
    walk.along((name for chunk in names.others() for name in chunk.each()), _told(rows, told))
    if walk.given_up:  # its digests are not whole
        return Day(walk, list_altered=False, fits=True)
    content = seal.content
    return Day(
        walk,
        list_altered=names.digest.digest() != content.names_digest,
        fits=walk.digest.digest() == content.rows_digest,
    )


class _Names:
    """The chunks of a day, the late ones first, with the digest of those that went by."""

    def __init__(self, chunks: Iterator[Chunk]) -> None:
        self.digest = sha256()
        self._chunks = chunks
        self._next = next(chunks, None)

    def late(self) -> Iterator[Chunk]:
        """Those of rows that came late."""
        while self._next is not None and self._next.late:
            yield self._taken(self._next)

    def others(self) -> Iterator[Chunk]:
        """All that follow."""
        while self._next is not None:
            yield self._taken(self._next)

    def _taken(self, chunk: Chunk) -> Chunk:
        self.digest.update(chunk.written)
        self._next = next(self._chunks, None)
        return chunk


class _Rows:
    """The rows of all days from one on, walked along."""

    def __init__(
        self, connection: Connection, found: list[Seal], since: date | None, progress: Progress
    ) -> None:
        self._connection = connection
        counts = _counts(connection, found)
        self._days = [
            (seal, number == 0)
            for number, seal in enumerate(found)
            if (since is None or seal.day >= since)
            and (seal.content.n or seal.day in counts or number == 0)  # the first has all that is older, too
        ]
        self._total = sum(seal.content.n for seal, _ in self._days)
        self._progress = progress
        self._extra: list[Altered] = []
        self.extras = self._seen = self._purged = 0

    def altered(self) -> Iterator[Altered]:
        """What was altered, day by day."""
        done = 0
        self._progress(0, self._total)
        for seal, first in self._days:
            day = walked(
                self._connection,
                seal,
                first=first,
                most_extra=_MOST_EXTRA,
                told=partial(self._tell, done),
            )
            done += seal.content.n
            self._progress(done, self._total)
            self._count(seal, day.walk)
            yield from _of_day(seal, day)

    def inserted(self) -> list[Altered]:
        """Rows that no seal holds, as what was put into sealed days."""
        return self._extra

    def counted(self, waiting: int) -> dict[str, int]:
        """Figures of the walk. waiting: how many rows of sealed days wait for the next seal, by the counters."""
        found_late = self.extras if self.extras <= waiting else 0
        return {"rows": self._seen, "purged": self._purged, "waiting": found_late}

    def _tell(self, done: int, rows: int) -> None:
        self._progress(min(done + rows, self._total), self._total)

    def _count(self, seal: Seal, walk: Walk) -> None:
        self.extras += walk.extras
        self._seen += walk.seen
        self._purged += walk.purged
        self._extra += [of_row(seal.day, Wrong(key, Fate.INSERTED)) for key in walk.extra]


def _counts(connection: Connection, found: list[Seal]) -> Mapping[date, int]:
    """How many rows arrived on each day that is sealed: where nothing was and nothing is, nothing is to be read."""
    if not found:
        return {}
    since, until = span_of(found[0].day, first=True)[0], span_of(found[-1].day, first=False)[1]
    return dict(connection.execute(SQL["count_by_day"], {"since": since, "until": until}).fetchall())


def _of_day(seal: Seal, day: Day) -> Iterator[Altered]:
    for wrong in day.walk.wrong:
        yield of_row(seal.day, wrong)
    if day.list_altered:
        yield of_seal(seal.day, "list")
    elif not day.fits and not day.walk.wrong:
        yield of_seal(seal.day, "rows")


def _altered_seals(connection: Connection, found: list[Seal]) -> Iterator[Altered]:
    """Seals that are not what they were, or do not follow each other."""
    before: Seal | None = None
    for seal in found:
        if before is not None and seal.day != before.day + _DAY:
            yield of_seal(before.day + _DAY, "missing")
        elif seal.prev_digest != (NO_DIGEST if before is None else before.digest):
            yield of_seal(seal.day, "first" if before is None else "chain")
        if seal.digest != digest_of(seal.content, seal.prev_digest):
            yield of_seal(seal.day, "seal")
        after = BEFORE_ALL if before is None else before.purged_through
        gone = purges(connection, after, seal.purged_through)
        if digest_of_purges(gone) != seal.content.purges_digest:
            yield of_seal(seal.day, "purges")
        before = seal


def _waiting(connection: Connection, found: list[Seal]) -> int:
    """How many rows of sealed days came late and wait for the next seal, by the counters."""
    if not found:
        return 0
    since = span_of(found[-1].day + _DAY, first=False)[0]
    given = {"since": since, "unaccounted": found[-1].unaccounted}
    ((beyond,),) = connection.execute(SQL["late"], given).fetchall()
    return max(0, int(beyond))


def _in_order(one: Altered) -> date:
    return one.day


def _told(rows: Iterator[Row], told: Callable[[int], None]) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        if number % _TELL_EVERY == 0:
            told(number)
        yield row
