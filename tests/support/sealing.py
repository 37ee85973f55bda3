"""Days of events that arrived in the past, sealed and verified."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from signaltape.clock import WIB, utc_now
from sink.db import Connection
from sink.sealing.found import Altered, Verified
from sink.sealing.sealing import seal_days
from sink.sealing.seals import Seal, begin_of
from sink.sealing.verifying import verify
from sink.write.writer import BatchWriter
from tests.support.entries import life
from tests.support.samples import LAYERS, new_id

#: The first day of a record: near, for each day since has a seal, too.
FIRST = utc_now().astimezone(WIB).date() - timedelta(days=10)
_NOON = timedelta(hours=12)


def arrive(connection: Connection, moment: datetime, n: int = 2, **changes: Any) -> list[str]:
    """Signals with all four events, as if they had arrived then. Returns their ids."""
    ids = [new_id() for _ in range(n)]
    BatchWriter(connection).write(
        [one for signal_id in ids for one in life(signal_id, layers=LAYERS, **changes)]
    )
    connection.execute("UPDATE signal_events SET received_at = %s WHERE signal_id = ANY(%s)", (moment, ids))
    return ids


def sealed_days(connection: Connection, days: int = 3, first: date = FIRST) -> list[list[str]]:
    """So many days with two signals each, all of them sealed, as is whatever day came after. Returns their ids."""
    ids = [
        arrive(connection, begin_of(first + timedelta(days=number)) + _NOON, ref_id=f"day-{number}")
        for number in range(days)
    ]
    seal_days(connection)
    return ids


def noon(number: int) -> datetime:
    """Of a day by its number, from the first on."""
    return begin_of(FIRST + timedelta(days=number)) + _NOON


def first_altered(connection: Connection, **how: Any) -> Altered:
    """What verifying names first."""
    found = verify(connection, **how)
    assert not found.intact
    return found.altered[0]


def intact(connection: Connection) -> Verified:
    """What verifying says of a record that nobody altered."""
    found = verify(connection)
    assert found.intact, found
    return found


def seal_all(connection: Connection) -> list[Seal]:
    """Seal what is over."""
    return seal_days(connection)
