"""What becomes of signals and of records `alert`: sent once to each chat, or held with the reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from desk.alerting.around import Around
from signaltape import Settings
from signaltape.stream import DESK_GROUP
from sink.db import Connection, rows_as_dicts
from tests.integration.alerting import alerting, alerting_within, alerts, messages, plan, publish, said, say


def chats(connection: Connection) -> dict[str, str | None]:
    """By chat, why the alerts were held there."""
    return dict(connection.execute("SELECT chat_id, reason FROM alert_chats").fetchall())


def test_a_published_signal_is_one_message_in_each_chat_and_its_entry_is_done(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    one = plan()
    publish(redis_client, key, one)
    assert alerting(settings, SIGNALTAPE_ALERT_CHATS="42,-77/5=institutional,7=health").sent == 1
    (alert,) = alerts(connection)
    assert (alert["decision"], alert["reason"], str(alert["signal_id"])) == ("sent", None, one["signal_id"])
    assert [(row["chat_id"], row["thread_id"]) for row in messages(connection)] == [("42", None), ("-77", 5)]
    assert all(alert["ref_id"] in row["body"] and row["keyboard"] for row in messages(connection))
    assert messages(connection)[0]["not_after"] == alert["expires_at"]
    assert redis_client.xpending(key, DESK_GROUP)["pending"] == 0


def test_a_record_is_an_alert_too_and_its_json_follows_silently(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    say(redis_client, key, said(title="Binance is late"))
    alerting(settings, SIGNALTAPE_ALERT_JSON="reply")
    alert, reply = messages(connection)
    assert "Binance is late" in alert["body"]
    assert reply["reply_to"] == alert["message_key"]
    assert reply["silent"]
    assert '"title": "Binance is late"' in reply["body"]


def test_the_json_may_stand_below_the_text_to_be_unfolded(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    say(redis_client, key)
    alerting(settings, SIGNALTAPE_ALERT_JSON="quote")
    (alert,) = messages(connection)
    assert alert["entities"][-1]["type"] == "expandable_blockquote"
    assert '"category"' in alert["body"]


def test_what_was_decided_is_not_decided_again_whatever_comes_again(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    one, other = plan(), said()
    for _ in range(3):
        publish(redis_client, key, one, one)
        say(redis_client, key, other)
        alerting(settings)
    redis_client.xgroup_destroy(key, DESK_GROUP)
    alerting(settings)
    assert len(alerts(connection)) == len(messages(connection)) == 2


def test_the_same_reference_is_never_sent_twice(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    publish(redis_client, key, plan(ref_id="ib_1"), plan(ref_id="ib_1", symbol="BTC-USDT-SWAP"))
    say(redis_client, key, said(refId="ib_1"))
    alerting(settings)
    assert [(row["decision"], row["reason"]) for row in alerts(connection)].count(("sent", None)) == 1
    assert [row["reason"] for row in alerts(connection)].count("duplicate") == 2
    assert len({row["ref_id"] for row in alerts(connection)}) == 3
    assert len(messages(connection)) == 1


def test_signals_of_one_minute_and_coin_get_references_of_their_own(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    at = datetime.now(UTC).isoformat()
    publish(redis_client, key, *(plan(ts_published=at) for _ in range(5)))
    alerting(settings)
    assert [row["decision"] for row in alerts(connection)] == ["sent"] * 5
    assert len({row["ref_id"] for row in alerts(connection)}) == 5


def test_a_budget_holds_within_a_batch_and_over_restarts(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    budget = {"SIGNALTAPE_ALERT_BUDGETS": "institutional=2/5m;coin=1/5m"}
    publish(redis_client, key, plan(symbol="BTC-USDT"), plan(symbol="BTCUSDT"), plan(symbol="SOL-USDT"))
    done = alerting(settings, **budget)
    assert (done.sent, done.held) == (2, 1)
    publish(redis_client, key, plan(symbol="ETH-USDT"))
    assert alerting(settings, **budget).held == 1
    assert [row["reason"] for row in alerts(connection)].count("budget") == 2


def test_a_snooze_is_of_one_chat_and_the_others_are_alerted(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    snooze(connection, "42", "institutional")
    publish(redis_client, key)
    alerting(settings, SIGNALTAPE_ALERT_CHATS="42,43")
    assert chats(connection) == {"42": "snoozed", "43": None}
    assert [row["decision"] for row in alerts(connection)] == ["sent"]
    assert [row["chat_id"] for row in messages(connection)] == ["43"]


def test_a_snooze_by_the_new_id_of_a_group_that_moved_holds(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    connection.execute("INSERT INTO telegram_chats (chat_id, moved_to) VALUES ('-77', '-1001234567890')")
    snooze(connection, "-1001234567890", "")
    publish(redis_client, key)
    alerting(settings, SIGNALTAPE_ALERT_CHATS="-77")
    assert [(row["decision"], row["reason"]) for row in alerts(connection)] == [("held", "snoozed")]


def snooze(connection: Connection, chat_id: str, category: str) -> None:
    connection.execute(
        "INSERT INTO snoozes (chat_id, category, until, by_user) VALUES (%s, %s, now() + '1 h', '1')",
        [chat_id, category],
    )


def test_while_all_is_paused_alerts_are_held_with_that_reason(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    publish(redis_client, key)
    alerting_within(Around(paused=lambda _: "paused by ana"), settings)
    (alert,) = alerts(connection)
    assert (alert["reason"], alert["detail"]) == ("paused", "paused by ana")


def test_a_desk_that_is_new_alerts_nobody_of_what_is_old(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    old = datetime.now(UTC) - timedelta(hours=5)
    publish(redis_client, key, *(plan(ts_published=old.isoformat()) for _ in range(300)), plan())
    assert alerting(settings)[:2] == (1, 300)
    assert {row["reason"] for row in alerts(connection)} == {"expired", None}


def test_an_alert_that_no_chat_takes_is_held_and_says_so(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    publish(redis_client, key)
    alerting(settings, SIGNALTAPE_ALERT_CHATS="42=health")
    assert [(row["decision"], row["reason"]) for row in alerts(connection)] == [("held", "no_chat")]


@pytest.mark.parametrize("quality", ["bad", "degraded"])
def test_doubtful_data_are_sent_and_marked(
    settings: Settings, redis_client: Any, key: str, connection: Connection, quality: str
) -> None:
    publish(redis_client, key, plan(data_quality=quality))
    alerting(settings)
    (message,) = messages(connection)
    assert ("222.1" in message["body"]) == (quality == "degraded")
    assert quality in message["body"]


def test_each_decision_is_on_the_tape_once(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    publish(redis_client, key, plan(rr=1.1), plan(rr=3.0))
    alerting(settings, SIGNALTAPE_MIN_RR="1.5")
    found = [entry[b"data"] for _, entry in redis_client.xrange(key) if entry[b"event"] == b"alert_decision"]
    assert len(found) == 2
    assert any(b'"held"' in data and b'"min_rr"' in data for data in found)
    assert any(b'"sent"' in data for data in found)
    assert rows_as_dicts(connection, b"SELECT 1 FROM alerts WHERE decision = 'held'")
