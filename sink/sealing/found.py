"""What verifying found, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from msgspec import Struct

from sink.sealing.seals import SHORT, Seal
from sink.sealing.walking import MOST_WRONG, Fate, Wrong

_OF_ROWS = {
    Fate.CHANGED: "it is not what was sealed: its content or a time of it was changed",
    Fate.MOVED: "its time of arrival was moved to another day",
    Fate.DELETED: "it was deleted, not purged",
    Fate.INSERTED: "it was put in after its day was sealed",
    Fate.OUT_OF_ORDER: "the day's rows are listed in another order",
}
_OF_SEALS = {
    "list": "the list of the day's rows was altered: which row it was cannot be named",
    "rows": "the day's rows together are not those that were sealed",
    "missing": "the day is missing",
    "first": "a day before it is missing",
    "chain": "it does not follow the day before: one of the two was altered",
    "seal": "its seal was altered",
    "purges": "its list of purged events was altered",
}
_OF_TABLES = "a table says of it what its event does not: python -m sink rebuild makes the tables anew"


class Altered(Struct, frozen=True):
    """Something that is not as it was sealed."""

    day: date
    #: changed, moved, deleted, inserted, out of order; list, rows, missing, first, chain, seal, purges; table
    what: str
    says: str
    signal_id: str | None = None
    event: str | None = None


class Expected(Struct, frozen=True):
    """The digest that was asked for, and the day whose seal has it; None: no seal has it."""

    digest: str
    day: date | None


class Verified(Struct, frozen=True):
    """What verifying found. Days are WIB."""

    intact: bool
    since: date | None
    through: date | None
    #: of the newest seal: 64 hexadecimal digits
    digest: str | None
    days: int
    #: that are there as they were sealed
    rows: int
    purged: int
    #: sealed with a later day than the one they arrived on
    late: int
    #: rows of sealed days that wait for the next seal
    waiting: int
    #: from which day on rows were read; None: all
    read_from: date | None
    expected: Expected | None
    #: in order of days; of a day no more than a hundred rows
    altered: list[Altered]

    @classmethod
    def of(
        cls,
        found: list[Seal],
        altered: list[Altered],
        counted: Mapping[str, int],
        expect: str | None,
        since: date | None,
    ) -> Verified:
        """From all seals, and what was found of their rows. since: of earlier days none were read."""
        expected = None if expect is None else Expected(expect, _day_of(found, expect))
        return cls(
            intact=not altered and (expected is None or expected.day is not None),
            since=found[0].day if found else None,
            through=found[-1].day if found else None,
            digest=found[-1].digest.hex() if found else None,
            days=len(found),
            late=sum(seal.content.late for seal in found),
            read_from=since,
            expected=expected,
            altered=altered,
            **counted,
        )

    @property
    def headline(self) -> str:
        """The answer, in one line."""
        if self.altered:
            return _named(self.altered[0])
        if self.expected is not None and self.expected.day is None:
            return (
                f"no seal has the digest {self.expected.digest[:SHORT]}: the record was made anew since, "
                "or it is the digest of another database"
            )
        if self.through is None:
            return "nothing is sealed yet"
        read = "" if self.read_from is None else f", rows from {self.read_from} on"
        return f"intact: {self.rows} rows of {self.days} days, sealed through {self.through}{read}"


def of_row(day: date, wrong: Wrong) -> Altered:
    """A row that is not as it was sealed."""
    signal_id, event = wrong.key
    return Altered(day, wrong.fate.value, _OF_ROWS[wrong.fate], str(UUID(bytes=signal_id)), event)


def of_seal(day: date, what: str) -> Altered:
    """A day that is not as it was sealed, where no row can be named."""
    return Altered(day, what, _OF_SEALS[what])


def of_table(day: date | None, signal_id: str, event: str) -> Altered:
    """A row of a table that is not what an event says. day: None if there is no such event."""
    return Altered(day or date.min, "table", _OF_TABLES, signal_id, event)


def counted(n: int) -> str:
    """How many there are, of a list that ends at some number."""
    return f"{n} or more" if n >= MOST_WRONG else str(n)


def _named(one: Altered) -> str:
    row = "" if one.signal_id is None else f", {one.event} of {one.signal_id}"
    return f"altered: {one.day}{row}: {one.says}"


def _day_of(found: list[Seal], expect: str) -> date | None:
    return next((seal.day for seal in reversed(found) if seal.digest.hex().startswith(expect)), None)
