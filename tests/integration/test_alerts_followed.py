"""An alert follows its signal: what became of it is edited into the message, in whatever order that is heard."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as hypothesis_settings

from consumer.entry import Entry
from desk.alerting.around import NOTHING_AROUND
from desk.alerting.deciding import Deciding
from desk.alerting.following import Following
from desk.alerting.incoming import Reading
from desk.alerting.messages import Messages
from outbox.outbox import Outbox
from outbox.wording import clock
from signaltape import Emitter, Settings
from signaltape.stream import DESK_GROUP
from sink.db import Connection, rows_as_dicts
from tests.integration.alerting import alerting, alerts, desk_settings, messages, plan, publish
from tests.integration.draining import add, drain
from tests.support.samples import as_json, closed, invalidated, new_id, triggered

TRIGGERED, CLOSED = "triggered", "closed +1.65 R in 15 min (tp)"


def shown(connection: Connection) -> str:
    """What the only alert's message is to become: its newest edit, else itself."""
    (message,) = messages(connection)
    edits = rows_as_dicts(connection, b"SELECT body FROM outbox_edits")
    return str(edits[0]["body"] if edits else message["body"])


def test_what_becomes_of_a_signal_is_edited_into_its_alert(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    signal_id = new_id()
    publish(redis_client, key, plan(signal_id))
    alerting(settings)
    assert "▸" not in shown(connection)
    add(redis_client, key, "signal_triggered", triggered(signal_id))
    assert alerting(settings).followed == 1
    assert "after 7 min" in shown(connection)
    add(redis_client, key, "signal_closed", closed(signal_id))
    alerting(settings)
    assert TRIGGERED in shown(connection)
    assert CLOSED in shown(connection)
    assert len(messages(connection)) == 1


def test_nobody_is_alerted_of_a_signal_that_has_ended(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    signal_id = new_id()
    publish(redis_client, key, plan(signal_id))
    add(redis_client, key, "signal_invalidated", invalidated(signal_id))
    alerting(settings)
    assert [(row["decision"], row["reason"]) for row in alerts(connection)] == [("held", "stale")]
    assert messages(connection) == []


def test_it_is_edited_in_every_chat(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    signal_id = new_id()
    publish(redis_client, key, plan(signal_id))
    alerting(settings, SIGNALTAPE_ALERT_CHATS="42,43")
    add(redis_client, key, "signal_invalidated", invalidated(signal_id))
    alerting(settings, SIGNALTAPE_ALERT_CHATS="42,43")
    edits = rows_as_dicts(connection, b"SELECT body, keyboard FROM outbox_edits")
    assert len(edits) == 2
    assert all("invalidated: sl" in one["body"] and one["keyboard"] for one in edits)


def test_a_triggered_may_come_before_its_published(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    signal_id = new_id()
    add(redis_client, key, "signal_triggered", triggered(signal_id))
    alerting(settings)
    publish(redis_client, key, plan(signal_id))
    alerting(settings)
    assert TRIGGERED in shown(connection)


def test_what_the_desk_was_not_told_it_learns_from_the_tables(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    signal_id = new_id()
    publish(redis_client, key, plan(signal_id))
    alerting(settings)
    for name, fields in (("triggered", triggered(signal_id)), ("closed", closed(signal_id))):
        add(redis_client, key, f"signal_{name}", fields)
    drain(settings, key)
    redis_client.xgroup_setid(key, DESK_GROUP, "$")  # as if it had been trimmed
    alerting(settings)
    assert CLOSED in shown(connection)
    assert TRIGGERED in shown(connection)


def test_what_came_before_the_first_desk_is_known_of_an_alert_from_its_beginning(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    signal_id = new_id()
    add(redis_client, key, "signal_triggered", triggered(signal_id))
    drain(settings, key)
    redis_client.xtrim(key, maxlen=0, approximate=False)
    publish(redis_client, key, plan(signal_id))
    alerting(settings)
    assert TRIGGERED in shown(connection)


def test_an_alert_that_nothing_became_of_says_that_it_expired(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    publish(redis_client, key)
    alerting(settings)
    expire(connection)
    alerting(settings)
    assert shown(connection).count("expired untouched") == 1


def test_one_that_was_triggered_does_not_expire(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    signal_id = new_id()
    publish(redis_client, key, plan(signal_id))
    add(redis_client, key, "signal_triggered", triggered(signal_id))
    alerting(settings)
    expire(connection)
    alerting(settings)
    assert "expired" not in shown(connection)
    assert TRIGGERED in shown(connection)


def test_a_triggered_that_comes_after_the_expiry_takes_its_place(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    signal_id = new_id()
    publish(redis_client, key, plan(signal_id))
    alerting(settings)
    expire(connection)
    alerting(settings)
    add(redis_client, key, "signal_triggered", triggered(signal_id))
    alerting(settings)
    assert "expired" not in shown(connection)
    assert TRIGGERED in shown(connection)


def expire(connection: Connection) -> None:
    """Its time is over."""
    connection.execute("UPDATE alerts SET expires_at = now() - interval '1 s'")
    connection.execute("UPDATE outbox SET not_after = now() + interval '1 h'")


LIFE = ("signal_published", "signal_triggered", "signal_invalidated", "signal_closed")
HEARD = strategies.lists(strategies.sampled_from(LIFE), max_size=6).flatmap(
    lambda more: strategies.permutations([*LIFE, *more])
)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=HEARD, cuts=strategies.sets(strategies.integers(1, 9)))
def test_any_order_and_any_repetition_of_a_signals_events_ends_in_the_same_text(
    settings: Settings, connection: Connection, order: list[str], cuts: set[int]
) -> None:
    """cuts: where one batch ends and the next begins. What is known is the same; and it is shown, unless the signal's
    end was heard before the desk could alert of it."""
    signal_id = new_id()
    at = datetime.now(UTC)
    events = {
        "signal_published": plan(signal_id, ts_published=at.isoformat(), ref_id=f"ib_{signal_id[:8]}"),
        "signal_triggered": triggered(signal_id, ts_triggered=(at + timedelta(seconds=1)).isoformat()),
        "signal_invalidated": invalidated(signal_id, ts_invalidated=(at + timedelta(seconds=2)).isoformat()),
        "signal_closed": closed(signal_id, ts_closed=(at + timedelta(seconds=3)).isoformat()),
    }
    desk = desk_settings()
    following = Following(messages := Messages(desk, NOTHING_AROUND))
    deciding = Deciding(desk, Emitter(Settings()), NOTHING_AROUND, messages, following)
    batches = _batches(order, cuts)
    for batch in batches:
        entries = [Entry("s", f"{n}-0", [b"event", name.encode(), b"data", as_json(events[name])])
                   for n, name in enumerate(batch, 1)]  # fmt: skip
        with connection.transaction():
            deciding.take(connection, Reading().read(entries))
    (alert,) = rows_as_dicts(connection, b"SELECT * FROM alerts WHERE signal_id = %s", [signal_id])
    ended = set(LIFE[2:]) & set(itertools.chain(*batches[: _first(batches) + 1]))
    assert alert["decision"] == ("held" if ended else "sent")
    if not ended:
        key = f"alert:{alert['ref_id']}:42"
        assert Outbox(connection).edit_state(key) is not None
        (edit,) = rows_as_dicts(connection, b"SELECT body FROM outbox_edits WHERE message_key = %s", [key])
        assert edit["body"].splitlines()[-4:-1] == [
            f"▸ triggered {_clock(at, 1)} after 7 min",
            "▸ invalidated: sl after 2 s",
            "▸ closed +1.65 R in 15 min (tp)",
        ]


def _batches(order: list[str], cuts: set[int]) -> list[list[str]]:
    edges = [0, *sorted(cut for cut in cuts if cut < len(order)), len(order)]
    return [order[start:end] for start, end in itertools.pairwise(edges)]


def _first(batches: list[list[str]]) -> int:
    """The batch in which the desk hears that it was published."""
    return next(n for n, batch in enumerate(batches) if "signal_published" in batch)


def _clock(at: datetime, seconds: int) -> str:
    return clock(at + timedelta(seconds=seconds), at)
