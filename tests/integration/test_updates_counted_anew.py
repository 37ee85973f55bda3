"""Telegram may begin to count anew after a quiet week: an update with a number of long ago is another one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from desk.acting import answer_key
from desk.updates import Store
from outbox.outbox import Outbox
from outbox.policies import ANSWER
from outbox.text import Text
from signaltape import Settings
from sink.db import Connection, connect_async, database_url
from tests.support.desking import ADMIN

NOW = datetime.now(UTC)
WEEK = timedelta(days=8)


def update(text: str, number: int = 7, message_id: int = 1) -> dict[str, Any]:
    """A command, as Telegram gives it."""
    sender = {"id": ADMIN, "is_bot": False}
    message = {"message_id": message_id, "date": 1_700_000_000, "chat": {"id": ADMIN, "type": "private"}}
    return {"update_id": number, "message": {**message, "from": sender, "text": text}}


def taken(settings: Settings, updates: Sequence[object], now: datetime) -> int:
    """Take them in; how many were new. Telegram is told of its own numbers."""

    async def take() -> int:
        connection = await connect_async(database_url(settings), name="test")
        async with connection:
            stored = await Store("tape_bot", frozenset({ADMIN}), lambda _: True).take(
                connection, updates, now
            )
        assert stored.highest == 7
        return len(stored.new)

    return asyncio.run(take())


def kept(connection: Connection) -> list[tuple[str, bool]]:
    """What was said, in order; and whether it knows the number that it is kept by."""
    query = """SELECT update->'words'->>0, (update->>'update_id')::bigint = update_id
    FROM desk_updates ORDER BY update_id"""
    return connection.execute(query).fetchall()


def test_a_number_that_comes_again_after_a_quiet_week_is_another_update(
    settings: Settings, connection: Connection
) -> None:
    assert taken(settings, [update("/panic")], NOW - WEEK) == 1
    assert taken(settings, [update("/resume")], NOW) == 1
    assert taken(settings, [update("/resume")], NOW + timedelta(hours=1)) == 0, "that one was redelivered"
    assert kept(connection) == [("panic", True), ("resume", True)]
    assert taken(settings, [update("/status")], NOW + WEEK) == 1
    assert kept(connection) == [("panic", True), ("resume", True), ("status", True)]


def test_the_same_update_is_the_same_however_late(settings: Settings, connection: Connection) -> None:
    taken(settings, [update("/panic")], NOW - WEEK)
    assert taken(settings, [update("/panic")], NOW) == 0
    assert taken(settings, [update("/panic", message_id=2)], NOW) == 1, "said again"


def test_what_another_version_of_ours_reads_otherwise_is_no_other_update_while_it_may_come_again(
    settings: Settings, connection: Connection
) -> None:
    taken(settings, [update("/panic")], NOW - timedelta(hours=30))
    connection.execute("""UPDATE desk_updates SET update = update || '{"new": 1}'""")
    assert taken(settings, [update("/panic")], NOW) == 0


def test_a_number_whose_answer_is_still_kept_is_not_given_again(
    settings: Settings, connection: Connection
) -> None:
    outbox = Outbox(connection)
    outbox.enqueue(answer_key(7), "1", Text("of a quarter ago"), NOW + timedelta(hours=1), kind=ANSWER)
    connection.execute(
        "INSERT INTO feedback (ref_id, chat_id, user_id, kind, value, via, update_id, ts)"
        " VALUES ('a', '1', 1, 'took', 'took', 'button', 7 + (2::bigint ^ 40)::bigint, now())"
    )
    assert taken(settings, [update("/panic")], NOW) == 1
    assert connection.execute("SELECT update_id FROM desk_updates").fetchall() == [(7 + 2 * 2**40,)]
