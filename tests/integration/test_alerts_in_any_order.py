"""Orders of events in which an alert could be lost, told wrongly, or not followed."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from desk.alerting.upkeep import tell
from outbox.policies import ANSWER
from signaltape import Settings
from signaltape.shipping.service import ship_once
from sink.db import Connection, rows_as_dicts
from tests.integration.alerting import FREE, alerting, alerts, messages, plan, publish, said, say
from tests.integration.conftest import Runner
from tests.integration.draining import add, drain
from tests.integration.test_alerts_killed import PROGRAM
from tests.support.samples import closed, new_id

pytestmark = pytest.mark.deep


def told(settings: Settings, client: Any, key: str) -> list[tuple[str, str | None]]:
    """What the tape says was decided, each record once."""
    ship_once(settings)
    entries = [fields for _, fields in client.xrange(key) if fields[b"event"] == b"alert_decision"]
    records = {one["id"]: one for one in (msgspec.json.decode(fields[b"data"]) for fields in entries)}
    return [(one["decision"], one.get("reason")) for one in records.values()]


def snooze(connection: Connection) -> None:
    connection.execute(
        "INSERT INTO snoozes (chat_id, category, until, by_user) VALUES ('42', '', now() + '1 h', '1')"
    )


def test_what_was_decided_and_not_committed_is_not_told(
    settings: Settings, runner: Runner, redis_client: Any, key: str, connection: Connection
) -> None:
    environment = {
        **FREE,
        "SIGNALTAPE_ALERT_CHATS": "42",
        "SIGNALTAPE_FAILPOINTS": "desk.before_commit=kill@1",
    }
    desk = runner.fork_code(PROGRAM, **environment)
    publish(redis_client, key)
    assert desk.finish()[0] == -9
    snooze(connection)
    alerting(settings)
    assert [row["reason"] for row in alerts(connection)] == ["snoozed"]
    assert told(settings, redis_client, key) == [("held", "snoozed")]


def test_what_is_learned_for_a_second_alert_of_a_signal_is_shown_in_the_first(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    signal_id = new_id()
    publish(redis_client, key, plan(signal_id))
    alerting(settings)
    say(redis_client, key, said(category="sniper", signalId=signal_id))
    add(redis_client, key, "signal_closed", closed(signal_id))
    drain(settings, key)  # the worker is ahead of the desk
    (entry_id, fields) = redis_client.xrevrange(key, count=1)[0]
    redis_client.xdel(key, entry_id)
    alerting(settings)
    redis_client.xadd(key, fields)
    alerting(settings)
    (edit,) = rows_as_dicts(connection, b"SELECT body FROM outbox_edits")
    assert "closed +1.65 R" in edit["body"]


def test_a_digest_is_not_held_up_by_one_that_was_told_in_the_future(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    publish(redis_client, key, plan(rr=1))
    alerting(settings, SIGNALTAPE_MIN_RR="1.5")
    connection.execute("UPDATE alert_chats SET digested_at = now() + interval '1 d'")
    publish(redis_client, key, plan(rr=1))
    alerting(settings, SIGNALTAPE_MIN_RR="1.5")
    assert len(messages(connection, ANSWER)) == 2


def test_an_alert_that_was_valid_for_days_and_never_sent_is_told_of(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    publish(redis_client, key)
    alerting(settings)
    connection.execute(
        "UPDATE alerts SET decided_at = now() - interval '3 d', expires_at = now() - interval '1 h'"
    )
    connection.execute("UPDATE outbox SET state = 'expired'")
    alerting(settings)
    assert [row["reason"] for row in alerts(connection)] == ["not_sent"]


def test_what_may_stand_in_the_chat_is_not_said_to_be_unsent(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    publish(redis_client, key)
    alerting(settings)
    connection.execute("UPDATE outbox SET filling = 1, lost_stubs = 1, not_after = now() - interval '1 s'")
    alerting(settings)
    assert [row["reason"] for row in alerts(connection)] == [None]
    assert messages(connection, ANSWER) == []


def test_an_alert_that_postgres_refuses_takes_no_reference_with_it(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    connection.execute("ALTER TABLE alerts ADD CHECK (symbol IS DISTINCT FROM 'POISON')")
    say(redis_client, key, said(refId="hp_1", symbol="POISON"), said(refId="hp_1"))
    done = alerting(settings)
    assert (done.sent, done.refused) == (1, 1)


def test_a_held_alert_that_postgres_refuses_is_passed_over_alone(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    connection.execute("ALTER TABLE alerts ADD CHECK (symbol IS DISTINCT FROM 'POISON')")
    snooze(connection)
    publish(redis_client, key, plan(), plan(symbol="POISON"), plan(symbol="BTC-USDT"))
    done = alerting(settings)
    assert (done.held, done.refused) == (2, 1)


@pytest.mark.parametrize("failpoint", ["desk.before_commit", "desk.after_commit"])
def test_the_tape_says_what_the_table_says_whatever_changes_between_kills(
    settings: Settings, runner: Runner, redis_client: Any, key: str, connection: Connection, failpoint: str
) -> None:
    environment = {**FREE, "SIGNALTAPE_ALERT_CHATS": "42", "SIGNALTAPE_FAILPOINTS": f"{failpoint}=kill@1"}
    for least_rr in ("0", "5", "0"):
        desk = runner.fork_code(PROGRAM, **environment | {"SIGNALTAPE_MIN_RR": least_rr})
        publish(redis_client, key, *(plan(rr=chance) for chance in (1, 2, 6)))
        assert desk.finish()[0] == -9
    alerting(settings, SIGNALTAPE_MIN_RR="1.5")
    decided = Counter((row["decision"], row["reason"]) for row in alerts(connection))
    assert Counter(told(settings, redis_client, key)) == decided


@pytest.mark.parametrize("state", ["expired", "failed"])
def test_what_a_digest_named_that_was_never_sent_is_named_again(
    settings: Settings, redis_client: Any, key: str, connection: Connection, state: str
) -> None:
    publish(redis_client, key, plan(rr=1), plan(rr=1.1))
    alerting(settings, SIGNALTAPE_MIN_RR="1.5")
    connection.execute("UPDATE alert_chats SET digested_at = digested_at - interval '20 min'")
    connection.execute(
        "UPDATE outbox SET state = %s, message_key = 'digest:' || "
        "(SELECT floor(extract(epoch FROM min(digested_at)) * 1000)::bigint FROM alert_chats) || ':42'",
        [state],
    )
    alerting(settings, SIGNALTAPE_MIN_RR="1.5")
    assert Counter(row["state"] for row in messages(connection, ANSWER)) == Counter([state, "queued"])
    assert tell(connection, datetime.now(UTC)) == 0


def test_a_group_that_is_named_by_both_its_ids_gets_an_alert_once(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    connection.execute("INSERT INTO telegram_chats (chat_id, moved_to) VALUES ('-77', '-1000000000077')")
    publish(redis_client, key)
    alerting(settings, SIGNALTAPE_ALERT_CHATS="-77,42,-1000000000077/5")
    assert Counter(row["chat_id"] for row in messages(connection)) == {"-1000000000077": 1, "42": 1}
