"""Of a guard that is dead the desk tells once, however many desks there are; and once that one is back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from desk.guard_silence import SILENT_S, GuardWatch, Silence
from desk.reading import AlertChat
from desk.settings import DeskSettings
from signaltape import Settings
from sink.db import Connection
from tests.support.guarding import Guard

NOW = datetime.now(UTC)


@pytest.fixture
def desk(settings: Settings) -> DeskSettings:
    chats = (
        AlertChat("-1"),
        AlertChat("-2", 7, frozenset({"health"})),
        AlertChat("-3", None, frozenset({"scalp"})),
    )
    return DeskSettings(common=settings, alert_chats=chats)


def told(connection: Connection) -> list[tuple[str, str]]:
    """Chat and first line of what was told."""
    query = (
        "SELECT chat_id, split_part(body, E'\\n', 1) FROM outbox WHERE message_key LIKE 'guard-%' ORDER BY id"
    )
    return connection.execute(query).fetchall()


def test_a_silent_guard_is_told_once_and_that_it_is_back_once(
    desk: DeskSettings, settings: Settings, connection: Connection
) -> None:
    guard = Guard(settings, connection)
    guard.run()
    desks = [GuardWatch(desk, silent_s=0) for _ in range(3)]
    for one in desks * 2:
        one.look(connection, NOW)
    silent = "🩺 The guard is silent: nothing is watched"
    assert told(connection) == [("-1", silent), ("-2", silent)]
    guard.run()
    for one in [GuardWatch(desk) for _ in range(3)]:
        one.look(connection, NOW)
    assert told(connection)[2:] == [
        ("-1", "🩺 Over · The guard is back"),
        ("-2", "🩺 Over · The guard is back"),
    ]
    guard.run()
    GuardWatch(desk, silent_s=0).look(connection, NOW)
    assert len(told(connection)) == 6, "another silence is told again"


def test_where_there_never_was_a_guard_none_is_missed(desk: DeskSettings, connection: Connection) -> None:
    GuardWatch(desk, silent_s=0).look(connection, NOW)
    assert told(connection) == []


def test_a_desk_that_has_just_begun_tells_nothing_of_a_silence_that_it_did_not_see(
    desk: DeskSettings, settings: Settings, connection: Connection
) -> None:
    """A machine that was off: both are started, the desk first."""
    Guard(settings, connection).run()
    connection.execute("UPDATE guard_state SET evaluated_at = now() - interval '1 day'")
    GuardWatch(structs.replace(desk)).look(connection, NOW)
    assert told(connection) == []


def test_a_guard_whose_clock_was_set_back_is_back_all_the_same(
    desk: DeskSettings, settings: Settings, connection: Connection
) -> None:
    Guard(settings, connection, clock=lambda: NOW + timedelta(hours=1)).run()
    GuardWatch(desk, silent_s=0).look(connection, NOW)
    Guard(settings, connection).run()
    for _ in range(2):
        GuardWatch(desk).look(connection, NOW)
    assert [line for _, line in told(connection)[2:]] == ["🩺 Over · The guard is back"] * 2


def test_a_desk_that_stood_still_with_the_guard_tells_nothing_of_a_silence() -> None:
    """Postgres that did not answer either of them, a machine that slept: it looks again before it speaks."""
    clock = iter([0.0, 600.0, 605.0, 630.0, 655.0, 660.0]).__next__
    silence = Silence(clock)
    assert [silence.lasts_s(NOW) for _ in range(3)] == [0.0, 0.0, 5.0]
    assert [silence.lasts_s(NOW) for _ in range(3)] == [30.0, 55.0, SILENT_S]


def test_a_silence_is_as_long_as_it_was_looked_at() -> None:
    clock = iter([0.0, 29.0, 59.0, 60.0, 70.0]).__next__
    silence = Silence(clock)
    first, second = NOW, NOW + timedelta(seconds=10)
    assert [silence.lasts_s(first) for _ in range(3)] == [0.0, 29.0, 59.0]
    assert silence.lasts_s(second) == 0.0 < SILENT_S
    silence.forget()
    assert silence.lasts_s(second) == 0.0
