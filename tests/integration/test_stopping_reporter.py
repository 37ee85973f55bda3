"""SIGTERM to a reporter that waits for Postgres: it ends all the same, and within its time."""

from __future__ import annotations

from signaltape import Secret
from sink.db import Connection, connect
from tests.integration.conftest import Runner
from tests.support.botapi import TOKEN
from tests.support.waiting import eventually

#: The reporter with less time than it has otherwise.
HURRIED = """
from reports import __main__, hand, schedule
from outbox import line
schedule.STOP_WITHIN_S, hand._END_WITHIN_S, line._END_WITHIN_S = 0.5, 0.2, 0.2
__main__.main(["schedule"])
"""
#: Both the job and the sender of the reporter.
WAITING = b"""SELECT count(*) = 2 FROM pg_locks JOIN pg_database ON pg_database.oid = database
WHERE NOT granted AND datname = current_database()"""


def test_a_reporter_that_waits_for_postgres_ends_when_it_is_told_to(
    connection: Connection, database: Secret, runner: Runner
) -> None:
    bot = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_CHAT_ID": "42", "TELEGRAM_API_BASE": "http://127.0.0.1:1"}
    with connect(database) as other, other.transaction():
        other.execute("LOCK TABLE outbox")
        process = runner.start_code(HURRIED, REDIS_URL="", **bot)
        eventually(lambda: connection.execute(WAITING).fetchone() == (True,), 60)
        process.popen.terminate()
        code, _, err = process.finish(20)
    assert code == 0, err
