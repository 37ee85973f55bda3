"""What was stored is sealed a day at a time, and whatever is altered afterwards is named."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from psycopg.errors import UniqueViolation

from sink.db import Connection
from sink.sealing.seals import NO_DIGEST, begin_of
from sink.sealing.stored import newest, seals
from sink.sealing.verifying import verify
from tests.support.sealing import FIRST, arrive, first_altered, intact, noon, seal_all, sealed_days

SECOND, THIRD = FIRST + timedelta(days=1), FIRST + timedelta(days=2)


def test_each_day_has_a_seal_that_holds_the_one_before(connection: Connection) -> None:
    sealed_days(connection)
    found = seals(connection)
    assert [one.day for one in found[:3]] == [FIRST, SECOND, THIRD]
    assert [one.content.n for one in found[:4]] == [8, 8, 8, 0]
    assert [one.prev_digest for one in found] == [NO_DIGEST, *(one.digest for one in found[:-1])]


def test_the_present_day_is_not_sealed(connection: Connection) -> None:
    arrive(connection, noon(0))
    ((now,),) = connection.execute("SELECT now()").fetchall()
    arrive(connection, now)
    through = seal_all(connection)[-1].day
    assert (now - timedelta(days=1, minutes=16)).date() <= through < now.date() + timedelta(days=1)
    assert intact(connection).rows == 8


def test_sealing_again_does_nothing(connection: Connection) -> None:
    sealed_days(connection)
    before = seals(connection)
    assert seal_all(connection) == []
    assert seals(connection) == before


def test_nothing_is_sealed_where_nothing_is_stored(connection: Connection) -> None:
    assert seal_all(connection) == []
    assert newest(connection) is None
    assert intact(connection).headline == "nothing is sealed yet"


def test_what_nobody_altered_is_intact(connection: Connection) -> None:
    sealed_days(connection)
    found = intact(connection)
    assert (found.rows, found.since, found.purged, found.late, found.waiting) == (24, FIRST, 0, 0, 0)


ALTERING = {
    "a changed number": (
        "UPDATE signal_events SET payload = jsonb_set(payload, '{rr_realized}', '1.66')"
        " WHERE signal_id = %(id)s AND event = 'signal_closed'",
        "signal_closed",
        "changed",
    ),
    "a deleted row": (
        "DELETE FROM signal_events WHERE signal_id = %(id)s AND event = 'signal_closed'",
        "signal_closed",
        "deleted",
    ),
    "a moved time": (
        "UPDATE signal_events SET ts = ts - interval '1 microsecond'"
        " WHERE signal_id = %(id)s AND event = 'signal_triggered'",
        "signal_triggered",
        "changed",
    ),
    "a time of arrival moved within the day": (
        "UPDATE signal_events SET received_at = received_at - interval '1 microsecond'"
        " WHERE signal_id = %(id)s AND event = 'signal_triggered'",
        "signal_triggered",
        "changed",
    ),
    "a time of arrival moved to another day": (
        "UPDATE signal_events SET received_at = received_at + interval '1 day'"
        " WHERE signal_id = %(id)s AND event = 'signal_triggered'",
        "signal_triggered",
        "moved",
    ),
    "a time beyond all times": (
        "UPDATE signal_events SET ts = 'infinity', received_at = '-infinity'"
        " WHERE signal_id = %(id)s AND event = 'signal_triggered'",
        "signal_triggered",
        None,
    ),
    "another stream": (
        "UPDATE signal_events SET stream = 'x' WHERE signal_id = %(id)s AND event = 'signal_closed'",
        "signal_closed",
        "changed",
    ),
    "an inserted row": (
        "INSERT INTO signal_events SELECT event_id, %(other)s, event, schema_version, symbol, payload, ts, stream,"
        " entry_id, received_at FROM signal_events WHERE signal_id = %(id)s AND event = 'signal_closed'",
        "signal_closed",
        "inserted",
    ),
}


@pytest.mark.parametrize("what", ALTERING)
def test_whatever_is_altered_is_named(connection: Connection, what: str) -> None:
    statement, event, fate = ALTERING[what]
    given = {"id": sealed_days(connection)[1][0], "other": UUID(int=7)}
    connection.execute(statement.encode(), given)
    found = verify(connection)
    if fate is None:  # it stands before all days now: there it is not sealed, and on its own it is missing
        assert {one.what for one in found.altered} == {"inserted", "moved"}
        return
    first = found.altered[0]
    assert (first.day, first.event, first.what) == (SECOND, event, fate)
    assert first.signal_id == str(given["other"] if fate == "inserted" else given["id"])


def test_an_exchanged_order_is_named(connection: Connection) -> None:
    """Two rows take each other's place in order of arrival."""
    for hour in (0, 1):
        arrive(connection, noon(0) + timedelta(hours=hour), 1)
    seal_all(connection)
    connection.execute(
        "UPDATE signal_events e SET received_at = (SELECT f.received_at FROM signal_events f"
        " WHERE f.event = e.event AND f.signal_id <> e.signal_id) WHERE event = 'signal_closed'"
    )
    assert first_altered(connection).event == "signal_closed"


def test_a_day_that_was_removed_with_its_seal_is_missed(connection: Connection) -> None:
    ids = sealed_days(connection)[1]
    connection.execute("DELETE FROM signal_events WHERE signal_id = ANY(%s)", (ids,))
    for table in ("signal_event_days", "signal_event_names"):
        connection.execute(f"DELETE FROM {table} WHERE day = %s".encode(), (SECOND,))
    first = first_altered(connection)
    assert (first.day, first.what) == (SECOND, "missing")


def test_a_seal_that_was_written_anew_does_not_fit_the_next_one(connection: Connection) -> None:
    sealed_days(connection)
    connection.execute("UPDATE signal_event_days SET digest = sha256('x') WHERE day = %s", (SECOND,))
    found = verify(connection)
    assert [(one.day, one.what) for one in found.altered] == [(SECOND, "seal"), (THIRD, "chain")]


def test_names_that_were_altered_hide_no_row(connection: Connection) -> None:
    """The row is changed, and its name with it: the day does not fit all the same."""
    given = sealed_days(connection)[1][0]
    connection.execute("UPDATE signal_events SET symbol = 'X' WHERE signal_id = %s", (given,))
    connection.execute("DELETE FROM signal_event_names WHERE day = %s", (SECOND,))
    found = verify(connection)
    assert {one.what for one in found.altered if one.day == SECOND} >= {"list"}


def test_a_seal_that_was_taken_from_its_list_cannot_be_made_anew_beside_it(connection: Connection) -> None:
    """Whoever removes the newest seal and leaves its list ends every later sealing, in words."""
    sealed_days(connection)
    last = newest(connection)
    assert last is not None
    connection.execute("UPDATE signal_event_names SET day = %s WHERE day = %s", (last.day, THIRD))
    connection.execute("DELETE FROM signal_event_days WHERE day = %s", (last.day,))
    connection.execute("UPDATE signal_events SET received_at = %s", (begin_of(last.day),))
    with pytest.raises(UniqueViolation):
        seal_all(connection)


def test_a_record_that_was_made_anew_lacks_the_digest_of_a_report(connection: Connection) -> None:
    given = sealed_days(connection)[1][0]
    reported = seals(connection)[2].digest.hex()
    assert verify(connection, expect=reported[:16]).expected.day == THIRD  # type: ignore[union-attr]
    connection.execute("UPDATE signal_events SET symbol = 'X' WHERE signal_id = %s", (given,))
    connection.execute("TRUNCATE signal_event_days, signal_event_names")
    seal_all(connection)
    assert intact(connection).rows == 24
    found = verify(connection, expect=reported[:16])
    assert not found.intact
    assert "no seal has the digest" in found.headline


def test_only_rows_from_a_day_on_are_read_if_asked(connection: Connection) -> None:
    given = sealed_days(connection)[0][0]
    connection.execute("UPDATE signal_events SET symbol = 'X' WHERE signal_id = %s", (given,))
    assert verify(connection, since=SECOND).intact
    assert verify(connection, since=SECOND).rows == 16
    assert first_altered(connection, since=FIRST).day == FIRST
