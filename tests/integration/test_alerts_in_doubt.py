"""What is said of an alert is true: that it may not have come, that it was not sent, and that it was sent after all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from desk.alerting.digest import IN_DOUBT, Held, digest
from outbox.outbox import Outbox
from outbox.policies import ANSWER
from signaltape import Settings
from sink import quality
from sink.db import Connection
from tests.integration.alerting import alerting, alerts, messages, plan, publish
from tests.integration.draining import add
from tests.integration.test_alert_digests import NOON
from tests.support.asking import CHAT as ASKED_IN
from tests.support.asking import Asker
from tests.support.samples import closed, new_id

UNCERTAIN = b"UPDATE outbox SET state = 'uncertain', filling = 1, lost_stubs = 2"
STANDS = b"""UPDATE outbox SET state = 'sent', filled = 1, filling = 1, lost_stubs = 0, message_ids = '{7}'
WHERE kind = 'alert'"""
EXPIRED = b"UPDATE outbox SET state = 'expired' WHERE kind = 'alert'"


def digests(connection: Connection) -> list[str]:
    return [row["body"] for row in messages(connection, ANSWER)]


def another_digest(settings: Settings, connection: Connection) -> list[str]:
    """All that there are, once a quarter of an hour has gone by."""
    connection.execute("UPDATE alert_chats SET digested_at = digested_at - interval '20 min'")
    connection.execute("UPDATE outbox SET message_key = 'told:' || id WHERE kind = 'answer'")
    alerting(settings)
    return digests(connection)


def chat(connection: Connection) -> dict[str, Any]:
    query = "SELECT reason, held_at IS NOT NULL, doubted_at IS NOT NULL FROM alert_chats"
    (row,) = connection.execute(query).fetchall()
    return dict(zip(("reason", "held", "doubted"), row, strict=True))


def resend(connection: Connection, minutes: float = 10) -> None:
    number = messages(connection)[0]["id"]
    assert Outbox(connection).resend(number, datetime.now(UTC) + timedelta(minutes=minutes))


def test_the_line_says_how_many_may_not_have_come() -> None:
    both = [Held("budget", 3, NOON + timedelta(hours=2)), Held(IN_DOUBT, 1, NOON + timedelta(hours=1))]
    now = NOON + timedelta(hours=4)
    assert digest(both, now).text == "Held back 3 since 14:00: budget 3 · may not have come 1 · /held"
    assert digest(both[1:], now).text == "May not have come 1 since 13:00 · /held"


def test_an_alert_that_may_not_have_come_is_told_of_once_and_still_counts_as_sent(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    publish(redis_client, key)
    alerting(settings)
    connection.execute(UNCERTAIN)
    for _ in range(2):
        alerting(settings)
    (told,) = digests(connection)
    assert told.startswith("May not have come 1 since ")
    assert chat(connection) == {"reason": None, "held": False, "doubted": True}
    assert alerts(connection)[0]["decision"] == "sent"
    assert another_digest(settings, connection) == [told]


def test_held_names_what_may_not_have_come(
    settings: Settings, redis_client: Any, key: str, connection: Connection, asker: Asker
) -> None:
    publish(redis_client, key)
    alerting(settings)
    connection.execute(UNCERTAIN)
    alerting(settings)
    asker.now = datetime.now(UTC)
    connection.execute("UPDATE alert_chats SET chat_id = %s", (ASKED_IN,))
    text = asker.ask("held").text.text.replace("\u00a0", " ")
    assert text.splitlines()[:2] == ["Held back · nothing in 24 h", "1 × may not have come"]
    assert "came?" in text
    assert f"ref: {alerts(connection)[0]['ref_id']}"[:24] in text


@pytest.mark.parametrize("then", ["queued", "stands"])
def test_a_doubt_ends_where_the_message_stands_or_is_sent_again(
    settings: Settings, redis_client: Any, key: str, connection: Connection, then: str
) -> None:
    publish(redis_client, key)
    alerting(settings)
    connection.execute(UNCERTAIN)
    alerting(settings)
    if then == "queued":
        resend(connection)
    else:
        connection.execute(STANDS)
    alerting(settings)
    assert chat(connection) == {"reason": None, "held": False, "doubted": False}
    connection.execute(UNCERTAIN + b", filled = 0 WHERE kind = 'alert'")
    alerting(settings)
    assert len(another_digest(settings, connection)) == 2, "it is in doubt anew"


def test_one_in_doubt_that_is_sent_again_in_vain_was_not_sent(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    publish(redis_client, key)
    alerting(settings)
    connection.execute(UNCERTAIN)
    alerting(settings)
    resend(connection)
    connection.execute(EXPIRED)
    alerting(settings)
    assert chat(connection) == {"reason": "not_sent", "held": True, "doubted": False}
    assert "not sent 1 · /held" in another_digest(settings, connection)[-1]


def test_what_is_said_not_to_have_been_sent_is_never_sent_after_that(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    publish(redis_client, key)
    alerting(settings)
    connection.execute("UPDATE outbox SET not_after = now() - interval '1 s'")
    alerting(settings)
    assert chat(connection)["reason"] == "not_sent"
    assert messages(connection)[0]["state"] == "expired", "no clock that is set back makes it due"


def test_an_alert_that_is_sent_after_all_is_sent_and_followed(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    signal_id = new_id()
    publish(redis_client, key, plan(signal_id))
    alerting(settings)
    connection.execute(EXPIRED)
    alerting(settings)
    assert (alerts(connection)[0]["decision"], chat(connection)["reason"]) == ("held", "not_sent")
    resend(connection)
    alerting(settings)
    assert alerts(connection)[0]["decision"] == "held", "it waits yet"
    connection.execute(STANDS)
    for _ in range(2):
        alerting(settings)
    (alert,) = alerts(connection)
    assert (alert["decision"], alert["reason"], alert["detail"]) == ("sent", None, None)
    assert chat(connection) == {"reason": None, "held": False, "doubted": False}
    (record,) = connection.execute("SELECT event, fields FROM tape_records").fetchall()
    assert (record[0], record[1]["decision"], record[1]["reason"]) == ("alert_decision", "sent", None)
    add(redis_client, key, "signal_closed", closed(signal_id))
    assert alerting(settings).followed == 1
    (edit,) = connection.execute("SELECT body FROM outbox_edits").fetchall()
    assert "closed +1.65 R" in edit[0]


def test_of_two_chats_the_one_that_gets_it_after_all_is_told_nothing_more(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    publish(redis_client, key)
    alerting(settings, SIGNALTAPE_ALERT_CHATS="42,43")
    connection.execute("UPDATE outbox SET state = 'failed' WHERE chat_id = '42'")
    alerting(settings, SIGNALTAPE_ALERT_CHATS="42,43")
    connection.execute(STANDS)
    alerting(settings, SIGNALTAPE_ALERT_CHATS="42,43")
    assert connection.execute("SELECT DISTINCT reason FROM alert_chats").fetchall() == [(None,)]
    assert connection.execute("SELECT count(*) FROM tape_records").fetchone() == (0,), "it counted as sent"


def test_a_reference_of_an_alert_that_was_purged_stays_taken(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    signal_id = new_id()
    publish(redis_client, key, plan(signal_id, ref_id="ib_20250915_0733_BTC"))
    alerting(settings)
    connection.execute(STANDS)
    quality.purge(connection, signal_id)
    assert alerts(connection) == []
    publish(redis_client, key, plan(new_id(), ref_id="ib_20250915_0733_BTC"))
    alerting(settings)
    (alert,) = alerts(connection)
    assert (alert["decision"], alert["reason"]) == ("held", "duplicate")
    assert "duplicate 1 · /held" in digests(connection)[0]
    publish(redis_client, key, plan(new_id()))
    alerting(settings)
    assert [row["decision"] for row in alerts(connection)] == ["held", "sent"]
