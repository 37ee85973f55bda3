"""What verifying must find, and must not take for what it is not."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta
from itertools import count
from uuid import UUID

import pytest

from reports.building import build
from reports.weeks import newest_due
from signaltape import Secret, Settings
from signaltape.clock import utc_now
from signaltape.errors import Stopped
from sink import quality
from sink.db import Connection, connect
from sink.sealing.found import Verified
from sink.sealing.sealing import seal_days
from sink.sealing.stored import SQL, newest, rows_by_key, seals
from sink.sealing.verifying import verify
from sink.sealing.walking import MOST_WRONG
from tests.support.sealing import FIRST, arrive, intact, noon, seal_all, sealed_days

SECOND = FIRST + timedelta(days=1)
BY_HAND = UUID(int=7)
WEEK = newest_due(utc_now())


def forget_the_newest_day(connection: Connection) -> None:
    """As it stood the day before: so there is a day to be sealed."""
    last = newest(connection)
    assert last is not None
    for table in ("signal_event_days", "signal_event_names"):
        connection.execute(f"DELETE FROM {table} WHERE day = %s".encode(), (last.day,))


def put_in_by_hand(connection: Connection, received_at: object) -> None:
    """A row past the counters."""
    connection.execute(
        "INSERT INTO signal_events SELECT event_id, %s, event, schema_version, symbol, payload, ts, stream, entry_id,"
        " %s FROM signal_events WHERE event = 'signal_closed' LIMIT 1",
        (BY_HAND, received_at),
    )


def inserted(found: Verified) -> set[str | None]:
    return {one.signal_id for one in found.altered if one.what == "inserted"}


def test_a_row_by_hand_does_not_come_in_with_rows_that_came_late(connection: Connection) -> None:
    sealed_days(connection)
    forget_the_newest_day(connection)
    arrive(connection, noon(1), 1)
    put_in_by_hand(connection, noon(1))
    (seal,) = seal_all(connection)
    assert seal.content.late == 0
    assert str(BY_HAND) in inserted(verify(connection))


def test_once_a_row_by_hand_is_gone_what_came_late_is_sealed(connection: Connection) -> None:
    sealed_days(connection)
    for _ in range(2):
        forget_the_newest_day(connection)
    arrive(connection, noon(1), 1)
    put_in_by_hand(connection, noon(1))
    assert all(seal.content.late == 0 for seal in seal_all(connection))
    connection.execute("DELETE FROM signal_events WHERE signal_id = %s", (BY_HAND,))
    assert intact(connection).waiting == 4
    forget_the_newest_day(connection)
    (seal,) = seal_all(connection)
    assert seal.content.late == 4
    assert intact(connection).waiting == 0


def test_what_was_purged_while_it_waited_makes_no_room_for_a_row_by_hand(connection: Connection) -> None:
    sealed_days(connection)
    (late,) = arrive(connection, noon(1), 1)
    assert intact(connection).waiting == 4
    quality.purge(connection, late)
    put_in_by_hand(connection, noon(1))
    assert inserted(verify(connection)) == {str(BY_HAND)}
    forget_the_newest_day(connection)
    (seal,) = seal_all(connection)
    assert seal.content.late == 0


def test_what_was_sealed_late_may_be_purged(connection: Connection) -> None:
    sealed_days(connection)
    forget_the_newest_day(connection)
    (late,) = arrive(connection, noon(1), 1)
    (seal,) = seal_all(connection)
    assert seal.content.late == 4
    quality.purge(connection, late)
    found = intact(connection)
    assert (found.waiting, found.purged) == (0, 4)


@pytest.mark.parametrize("number", [0, -1])
def test_a_tombstone_before_all_others_is_one_by_hand(connection: Connection, number: int) -> None:
    given = sealed_days(connection)[1][0]
    connection.execute(
        "WITH gone AS (DELETE FROM signal_events WHERE signal_id = %s AND event = 'signal_closed' RETURNING *)"
        " INSERT INTO signal_event_purges (id, signal_id, event, digest, received_us, sealed)"
        " OVERRIDING SYSTEM VALUE SELECT %s, signal_id, event, %s, epoch_us(received_at), TRUE FROM gone",
        (given, number, digest_of_event(connection, given)),
    )
    assert {one.what for one in verify(connection).altered} == {"purges"}


def digest_of_event(connection: Connection, signal_id: str) -> bytes:
    (row,) = rows_by_key(connection, [(UUID(signal_id).bytes, "signal_closed")])
    return row.digest


def seal_some(connection: Connection) -> None:
    """Seal no more than a month: what is dated before all others makes a seal for each day since the year 2000."""
    looks = count()

    def told(_done: int, _total: int) -> None:
        if next(looks) > 30:
            raise Stopped("")

    with suppress(Stopped):
        seal_days(connection, told)


@pytest.mark.parametrize("moment", ["0044-03-15 12:00 BC", "12000-01-01"])
@pytest.mark.parametrize("sealed", [False, True])
def test_a_time_that_is_no_date_of_python_is_no_end_of_it(
    connection: Connection, moment: str, sealed: bool
) -> None:
    sealed_days(connection) if sealed else arrive(connection, noon(0))
    put_in_by_hand(connection, moment)
    seal_some(connection)
    found = verify(connection)
    assert inserted(found) == ({str(BY_HAND)} if sealed and "BC" in moment else set())


def test_a_row_that_was_moved_to_the_front_of_its_day_is_named_once(connection: Connection) -> None:
    given = sealed_days(connection)[1][1]
    connection.execute(
        "UPDATE signal_events SET received_at = received_at - interval '1 hour'"
        " WHERE signal_id = %s AND event = 'signal_closed'",
        (given,),
    )
    assert [(one.signal_id, one.what) for one in verify(connection).altered] == [(given, "changed")]


def test_looking_for_what_came_late_can_be_stopped(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads the whole record: whoever gives it so long is asked at each day of it, before anything is sealed."""
    sealed_days(connection)
    forget_the_newest_day(connection)
    arrive(connection, noon(1), 1)
    asked: list[tuple[int, int]] = []
    before = seals(connection)

    def told(done: int, total: int) -> None:
        asked.append((done, total))
        if len(asked) > 1:
            raise Stopped("stopped")

    monkeypatch.setattr("sink.sealing.sealing._seal", None)
    with pytest.raises(Stopped):
        seal_days(connection, told)
    assert seals(connection) == before


def test_another_one_that_seals_without_end_holds_up_no_report(
    settings: Settings, database: Secret, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.building._SEAL_S", 0.05)
    arrive(connection, noon(0))
    with connect(database) as other, other.transaction():
        other.execute(SQL["turn"])
        built = threading.Thread(target=build, args=(settings, WEEK, utc_now()), daemon=True)
        built.start()
        built.join(60)
        assert not built.is_alive()
    assert newest(connection) is None
    assert connection.execute("SELECT count(*) FROM weekly_scorecard").fetchone() == (1,)


def test_a_day_of_late_rows_that_are_all_gone_names_a_hundred(connection: Connection) -> None:
    sealed_days(connection)
    forget_the_newest_day(connection)
    late = arrive(connection, noon(1), 30)
    seal_all(connection)
    connection.execute("DELETE FROM signal_events WHERE signal_id = ANY(%s)", (late,))
    assert len(verify(connection).altered) == MOST_WRONG


def test_from_a_day_on_it_says_so(connection: Connection) -> None:
    sealed_days(connection)
    assert f"from {SECOND} on" in verify(connection, since=SECOND).headline
