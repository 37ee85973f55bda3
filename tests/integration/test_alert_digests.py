"""What was held back is told to each chat: one silent line at most every 15 minutes, of each alert exactly once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from desk.alerting.digest import Held, digest
from desk.alerting.upkeep import tell
from outbox.policies import ANSWER
from signaltape import Settings
from signaltape.clock import WIB
from sink.db import Connection, connect
from tests.integration.alerting import alerting, alerts, messages, plan, publish, said, say
from tests.support.waiting import LONGEST_S

NOON = datetime(2022, 1, 18, 12, 0, tzinfo=WIB)
STRICT = {"SIGNALTAPE_MIN_RR": "1.5", "SIGNALTAPE_ALERT_BUDGETS": "institutional=1/5m"}


def test_the_line_says_how_many_since_when_and_why() -> None:
    held = [Held("budget", 3, NOON + timedelta(hours=2)), Held("min_rr", 2, NOON + timedelta(hours=3))]
    said = digest(held, NOON + timedelta(hours=4)).text
    assert said == "Held back 5 since 14:00: budget 3, min RR 2 · /held"


def test_of_another_day_it_says_which() -> None:
    said = digest([Held("stale", 1, NOON)], NOON + timedelta(days=1)).text
    assert said == "Held back 1 since Tue 18 Jan 12:00: stale 1 · /held"


def test_a_chat_is_told_once_and_silently(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    publish(redis_client, key, plan(rr=2), plan(rr=2), plan(rr=2), plan(rr=1), plan(rr=1.1))
    for _ in range(3):
        alerting(settings, **STRICT)
    (one,) = messages(connection, ANSWER)
    assert one["silent"]
    assert one["body"].startswith("Held back 4 since ")
    assert one["body"].endswith(": budget 2, min RR 2 · /held")


def test_what_is_held_within_a_quarter_of_an_hour_waits_for_the_next_digest(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    publish(redis_client, key, plan(rr=1))
    alerting(settings, **STRICT)
    publish(redis_client, key, plan(rr=1.2), plan(rr=1.3))
    alerting(settings, **STRICT)
    now = datetime.now(UTC)
    assert tell(connection, now + timedelta(minutes=14)) == 0
    assert tell(connection, now + timedelta(minutes=16)) == 1
    first, second = (row["body"] for row in messages(connection, ANSWER))
    assert ": min RR 1 · " in first
    assert ": min RR 2 · " in second
    assert tell(connection, now + timedelta(minutes=60)) == 0


def test_each_chat_is_told_of_what_was_meant_for_it(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    connection.execute(
        "INSERT INTO snoozes (chat_id, category, until, by_user) VALUES ('43', 'health', now() + '1 h', '1')"
    )
    publish(redis_client, key, plan(rr=1))
    say(redis_client, key, said())
    alerting(settings, **STRICT, SIGNALTAPE_ALERT_CHATS="42/7,43=health,44=institutional")
    told = {
        row["chat_id"]: (row["body"].partition(": ")[2], row["thread_id"])
        for row in messages(connection, ANSWER)
    }
    assert told == {
        "42": ("min RR 1 · /held", 7),
        "43": ("snoozed 1 · /held", None),
        "44": ("min RR 1 · /held", None),
    }


def test_two_desks_tell_of_an_alert_once_together(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    publish(redis_client, key, plan(rr=1))
    alerting(settings, **STRICT)
    connection.execute("UPDATE alert_chats SET digested_at = NULL")
    connection.execute("DELETE FROM outbox")
    database = settings.database_url
    assert database is not None
    begun = threading.Barrier(2, timeout=LONGEST_S)

    def told() -> None:
        with connect(database) as own, own.transaction():
            begun.wait(10)
            own.execute("SELECT pg_advisory_xact_lock(7305817261514715241)")
            tell(own, datetime.now(UTC))

    threads = [threading.Thread(target=told) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(messages(connection, ANSWER)) == 1


def test_an_alert_that_expired_before_it_could_be_sent_is_told_of_and_was_not_sent(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    publish(redis_client, key)
    alerting(settings, SIGNALTAPE_ALERT_CHATS="42,43")
    connection.execute("UPDATE outbox SET not_after = now() - interval '1 s' WHERE chat_id = '42'")
    alerting(settings)
    (alert,) = alerts(connection)
    assert (alert["decision"], alert["reason"]) == ("sent", None), "43 may get it yet"
    connection.execute(
        "UPDATE outbox SET state = 'failed', last_error = 'chat not found' WHERE chat_id = '43'"
    )
    for _ in range(2):
        alerting(settings)
    (alert,) = alerts(connection)
    assert (alert["decision"], alert["reason"], alert["detail"]) == ("held", "not_sent", "chat not found")
    told = [row["body"].partition(": ")[2] for row in messages(connection, ANSWER)]
    assert told == ["not sent 1 · /held"] * 2
    said = [entry[b"data"] for _, entry in redis_client.xrange(key) if entry[b"event"] == b"alert_decision"]
    assert len({data for data in said if b'"not_sent"' in data}) == 1, "told anew, it is the same record"
