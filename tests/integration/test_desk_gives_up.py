"""An update that the desk gives up, by a defect or a disk that is full, is answered: that it did not work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from desk.actor import Lane
from desk.operations.users import remove_user
from signaltape import Settings
from sink.db import CONNECTION_ERRORS, Connection
from tests.support.desking import TRADER
from tests.support.stepping import Stepped, stepped

FULL = b"""
CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER is_full BEFORE INSERT OR UPDATE ON outbox EXECUTE FUNCTION is_full();
"""
ROOM = b"DROP TRIGGER is_full ON outbox"
PRESSED = "What you pressed did not work; the desk's log says why."


@pytest.fixture
def desk(settings: Settings, connection: Connection) -> Iterator[Stepped]:
    with stepped(settings, connection) as made:
        yield made


def given_up(desk: Stepped, connection: Connection) -> tuple[Lane, int]:
    """A yes to a panic while the disk is full, until it is given up."""
    asked = desk.say(TRADER, "/panic")
    desk.act()
    connection.execute(FULL)
    pressed = desk.press(TRADER, desk.buttons(asked)[0])
    lane = desk.lane()
    for _ in range(2):
        with pytest.raises(CONNECTION_ERRORS):
            lane.step(connection)
    assert lane.step(connection)
    assert desk.result(pressed)[0] == "ignored"
    return lane, pressed


def test_a_yes_that_a_full_disk_swallowed_is_answered_once_there_is_room(
    desk: Stepped, connection: Connection
) -> None:
    lane, pressed = given_up(desk, connection)
    lane.answer_given_up(connection)
    assert desk.answer(pressed) == ""
    connection.execute(ROOM)
    lane.answer_given_up(connection)
    assert desk.answer(pressed).startswith(PRESSED)
    connection.execute("DELETE FROM outbox")
    lane.answer_given_up(connection)
    assert desk.answer(pressed) == "", "it was answered, and is not asked about any more"


def test_the_next_process_answers_what_the_one_before_could_not(
    desk: Stepped, connection: Connection
) -> None:
    _, pressed = given_up(desk, connection)
    connection.execute(ROOM)
    desk.lane().answer_given_up(connection)
    assert desk.answer(pressed).startswith(PRESSED)


def test_one_of_long_ago_is_not_answered_any_more(desk: Stepped, connection: Connection) -> None:
    _, pressed = given_up(desk, connection)
    connection.execute(ROOM)
    desk.now += timedelta(minutes=11)
    desk.lane().answer_given_up(connection)
    assert desk.answer(pressed) == ""


def test_who_lost_the_role_meanwhile_gets_no_word(
    desk: Stepped, connection: Connection, settings: Settings
) -> None:
    lane, pressed = given_up(desk, connection)
    connection.execute(ROOM)
    remove_user(settings, TRADER)
    lane.answer_given_up(connection)
    assert desk.answer(pressed) == ""


def test_a_defect_in_what_was_asked_is_answered(
    desk: Stepped, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a hole")

    monkeypatch.setattr("desk.actor.act", broken)
    asked = desk.say(TRADER, "/risk 1.5")
    lane = desk.lane()
    assert lane.step(connection)
    assert desk.result(asked) == ("ignored", "a defect: a hole")
    lane.answer_given_up(connection)
    assert desk.answer(asked).startswith("/risk did not work; ")
