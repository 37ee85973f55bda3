"""The audit says what was done in the end: of a transaction that was undone nothing is in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from signaltape import Settings
from signaltape.contract.desk_records import OperatorAct
from signaltape.control import read
from sink.db import CONNECTION_ERRORS, Connection, connect, database_url
from tests.support.desking import TRADER
from tests.support.stepping import Stepped, stepped


def undone(desk: Stepped, settings: Settings, connection: Connection) -> None:
    """Act on what waits, on a session that Postgres ends before the commit."""
    then = desk.now
    with connect(database_url(settings)) as session:

        def clock(_calls: list[int] = []) -> Any:  # noqa: B006 - counts
            _calls.append(1)
            if len(_calls) == 2:  # when it is done, of the time at which it was
                connection.execute("SELECT pg_terminate_backend(%s)", (session.info.backend_pid,))
            return then

        desk.clock = clock
        with pytest.raises((*CONNECTION_ERRORS, psycopg.Error)):
            desk.lane().step(session)
    desk.clock = None


def acts_in(redis_client: Any, key: str) -> list[tuple[str, str]]:
    """Ids and results of the audit, as it reached the stream."""
    records = (fields for _, fields in redis_client.xrange(key))
    acts = (
        msgspec.json.decode(one[b"data"]) for one in records if one[b"event"] == OperatorAct.EVENT.encode()
    )
    return [(act["id"], act["result"]) for act in acts]


def test_what_was_not_done_in_the_end_is_not_in_the_audit(
    settings: Settings, connection: Connection, redis_client: Any, key: str
) -> None:
    with stepped(settings, connection) as desk:
        number = desk.say(TRADER, "/risk 1.5")
        undone(desk, settings, connection)
        desk.now += timedelta(minutes=2)
        desk.act()
        assert desk.result(number)[0] == "asked"
        desk.press(TRADER, desk.buttons(number)[1])
        desk.act()
        assert connection.execute("SELECT * FROM desk_risk").fetchall() == []
    assert acts_in(redis_client, key) == []


def test_what_was_done_at_the_second_try_is_in_the_audit_once(
    settings: Settings, connection: Connection, redis_client: Any, key: str
) -> None:
    with stepped(settings, connection) as desk:
        asked = desk.say(TRADER, "/panic")
        desk.act()
        pressed = desk.press(TRADER, desk.buttons(asked)[0])
        undone(desk, settings, connection)
        # one that does not answer: the result is another one
        redis_client.hset(
            f"{settings.stream}:processes",
            "engine@x:1",
            msgspec.json.encode(
                {
                    "role": "engine",
                    "host": "x",
                    "pid": 1,
                    "seen_ms": int(redis_client.time()[0]) * 1000,
                    "started_ms": 1,
                    "epoch": 0,
                    "state": "running",
                }
            ),
        )
        desk.act()
        result = desk.result(pressed)[1]
        assert "1 of 2 did not answer" in result
    assert [said for _, said in acts_in(redis_client, key)] == [result]


def test_a_desk_that_died_amid_a_panic_says_how_things_are_before_it_asks_again(
    settings: Settings, connection: Connection, redis_client: Any
) -> None:
    with stepped(settings, connection) as desk:
        asked = desk.say(TRADER, "/panic")
        desk.act()
        pressed = desk.press(TRADER, desk.buttons(asked)[0])
        undone(desk, settings, connection)
        known = read(redis_client, settings.stream)
        assert known is not None
        assert known.paused, "Redis was told before the desk died"
        desk.now += timedelta(minutes=2)
        desk.act()
        assert desk.result(pressed)[0] == "asked"
        assert "by now all is paused, by trader (Telegram)" in desk.answer(pressed)
