"""Records into rows: minutes of each figure, and what of them kept an objective. Pure."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import structs

from guard.incoming import Measured
from guard.model.counting import good_bad, subject_of
from guard.model.rules import Burn, Threshold
from guard.model.slots import MINUTE, Key, Minute, Slot, added, begun
from signaltape.clock import WIB

Row = dict[str, Any]
#: A rule whose good and bad are counted.
Counted = Burn | Threshold


class MinuteKey(NamedTuple):
    """Which row of guard_minutes."""

    minute: datetime
    key: Key


class Stands(NamedTuple):
    """What a row holds by now, and of which records it is made."""

    minute: Minute
    ids: frozenset[uuid.UUID]


class Folded(NamedTuple):
    """What a stretch of the tape came to. new: the records that count; the others have counted before."""

    new: list[Measured]
    minutes: list[Row]
    burns: list[Row]
    days: list[Row]


def minute_of(slot: Slot) -> MinuteKey:
    """The row that a slot belongs to."""
    return MinuteKey(begun(slot.at, MINUTE), slot.key)


def fold(
    measured: Iterable[Measured], stands: Mapping[MinuteKey, Stands], rules: Sequence[Counted]
) -> Folded:
    """Add records to what stands, each once. rules: those whose good and bad are counted."""
    seen = {one for row in stands.values() for one in row.ids}
    new = [one for one in measured if uuid.UUID(one.id) not in seen]
    of_minute: defaultdict[MinuteKey, list[Measured]] = defaultdict(list)
    for one in new:
        of_minute[minute_of(one.slot)].append(one)
    minutes = [_row(which, some, stands.get(which)) for which, some in of_minute.items()]
    burns = _burns(new, rules)
    return Folded(new, minutes, burns, _days(burns))


def _row(which: MinuteKey, some: Sequence[Measured], stands: Stands | None) -> Row:
    parts = [as_minute(one.slot, which.minute) for one in some]
    whole = added([*([stands.minute] if stands else ()), *parts])
    return {**slot_row(whole), "ids": [one.id for one in some]}


def as_minute(slot: Slot, minute: datetime) -> Minute:
    """A slot as a part of its minute."""
    return Minute(**{**structs.asdict(slot), "at": minute})


def slot_row(slot: Slot) -> Row:
    """A slot's fields as Postgres takes them."""
    lists = {name: list(getattr(slot, name)) for name in ("bucket", "bucket_n", "examples")}
    return {**structs.asdict(slot), **lists}


def _burns(new: Iterable[Measured], rules: Sequence[Counted]) -> list[Row]:
    counts: defaultdict[tuple[str, str, str, datetime], list[int]] = defaultdict(lambda: [0, 0])
    for one in new:
        for rule in rules:
            found = good_bad(rule, one.slot)
            if found is not None:
                total = counts[
                    rule.name, subject_of(rule, one.slot), one.slot.engine, minute_of(one.slot).minute
                ]
                total[0] += found[0]
                total[1] += found[1]
    return [
        {"rule": rule, "subject": subject, "engine": engine, "minute": minute, "good": good, "bad": bad}
        for (rule, subject, engine, minute), (good, bad) in sorted(counts.items())
    ]


def _days(burns: Iterable[Row]) -> list[Row]:
    """The same by day in WIB."""
    counts: defaultdict[tuple[Any, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in burns:
        total = counts[row["minute"].astimezone(WIB).date(), row["rule"], row["subject"]]
        total[0] += row["good"]
        total[1] += row["bad"]
    return [
        {"day": day, "rule": rule, "subject": subject, "good": good, "bad": bad}
        for (day, rule, subject), (good, bad) in sorted(counts.items())
    ]
