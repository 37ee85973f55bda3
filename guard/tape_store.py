"""Measurements in Postgres: folded, with the place on the tape, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from guard.folding import Counted, Folded, MinuteKey, Row, Stands, fold, minute_of, slot_row
from guard.incoming import Measured, once
from guard.model.slots import Key, Minute, Slot
from signaltape.failpoints import failpoint
from sink.db import Connection
from sink.queries import load

SQL = load(Path(__file__).parent / "sql" / "tape.sql")
#: What windows of seconds reach back; a slot that is older is of no use to a guard that is begun anew.
SLOTS_KEPT = timedelta(minutes=16)
#: A little less than rows are kept: a record that is older, and comes again once its row is gone, would count twice.
KEPT = timedelta(days=39)
_FIELDS = ("at", *Key._fields, "n", "sum", "worst", "last", "last_at", "n2xx", "n3xx", "n4xx", "n429", "n5xx")


class Overtaken(Exception):
    """Another guard has committed meanwhile: what is known here is old."""


class TapeStore:
    """The tables of what was measured, over one session. rules: those whose good and bad are counted."""

    def __init__(self, connection: Connection, rules: Sequence[Counted]) -> None:
        self._connection, self._rules = connection, rules

    def lead(self) -> bool:
        """Whether this session is the one guard of the database now, until it ends."""
        row = self._connection.execute(SQL["lead"]).fetchone()
        return bool(row and row[0])

    def positions(self) -> dict[str, str]:
        """How far each partition was folded."""
        return dict(self._connection.execute(SQL["positions"]).fetchall())

    def slots(self, since: datetime) -> list[Slot]:
        """What was measured from a moment on, as it came."""
        return [_read(Slot, row) for row in self._connection.execute(SQL["slots"], {"since": since})]

    def burns(self, since: datetime) -> Iterable[Any]:
        """Rule, subject, minute, good, bad and engine, of each minute from a moment on."""
        return self._connection.execute(SQL["burns"], {"since": since})

    def seen(self, since: datetime) -> list[tuple[Key, datetime]]:
        """When each figure was measured last, if that was after a moment."""
        rows = self._connection.execute(SQL["seen"], {"since": since})
        return [(Key(*key), last_at) for *key, last_at in rows]

    def commit(
        self, measured: Iterable[Measured], was: Mapping[str, str], now: Mapping[str, str], at: datetime
    ) -> list[Slot]:
        """Fold records, and note how far the tape was read; what is new among them.

        Raises Overtaken, and writes nothing, if others were.
        """
        with self._connection.transaction():
            self._move(was, now)
            some = [one for one in once(measured) if one.slot.at > at - KEPT]
            folded = fold(some, self._standing(some), self._rules)
            with self._connection.pipeline():
                self._write(folded, at)
            failpoint("guard.before_commit")
        failpoint("guard.after_commit")
        return [one.slot for one in folded.new]

    def forget_slots(self, now: datetime) -> None:
        """Forget slots that no window reaches."""
        self._connection.execute(SQL["forget_slots"], {"before": now - SLOTS_KEPT})

    def prune(self, now: datetime) -> None:
        """Forget what is too old for anything."""
        self._connection.execute(SQL["prune"], {"now": now})

    def _move(self, was: Mapping[str, str], now: Mapping[str, str]) -> None:
        """All of them, also where nothing came: who commits from another place knows another past."""
        for key in now:
            if key not in was:
                self._connection.execute(SQL["begin_position"], {"stream": key})
        places = {
            "streams": list(now),
            "was": [was.get(key, "0-0") for key in now],
            "now": list(now.values()),
        }
        if self._connection.execute(SQL["move_positions"], places).rowcount != len(now):
            raise Overtaken

    def _standing(self, some: Sequence[Measured]) -> dict[MinuteKey, Stands]:
        """The rows that these records belong to, as far as they are there."""
        if not some:
            return {}
        wanted = {minute_of(one.slot) for one in some}
        asked = {
            "minutes": [one.minute for one in wanted],
            "kinds": [one.key.kind for one in wanted],
            "figures": [one.key.figure for one in wanted],
            "names": [one.key.name for one in wanted],
            "engines": [one.key.engine for one in wanted],
        }
        found = {}
        for *row, ids in self._connection.execute(SQL["rows"], asked):
            minute = _read(Minute, row)
            found[MinuteKey(minute.at, minute.key)] = Stands(minute, frozenset(ids))
        return found

    def _write(self, folded: Folded, at: datetime) -> None:
        self._many("put_row", folded.minutes)
        lately = (one for one in folded.new if one.slot.at >= at - SLOTS_KEPT)
        self._many("put_slot", ({**slot_row(one.slot), "id": one.id} for one in lately))
        self._many("put_burn", folded.burns)
        self._many("put_day", folded.days)

    def _many(self, name: str, rows: Iterable[Row]) -> None:
        for row in rows:
            self._connection.execute(SQL[name], row)


def _read(kind: type[Slot], row: Sequence[Any]) -> Any:
    *plain, bucket, bucket_n, examples = row
    fields = dict(zip(_FIELDS, plain, strict=True))
    return kind(**fields, bucket=tuple(bucket), bucket_n=tuple(bucket_n), examples=tuple(examples))
