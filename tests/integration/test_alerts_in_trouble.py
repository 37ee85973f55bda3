"""Whatever an entry holds, and whichever server is away: the desk's group goes on, and no alert is lost."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import redis

from desk.alerting.process import run
from signaltape import Secret, Settings
from signaltape.stream import DESK_GROUP
from sink.db import Connection
from tests.integration.alerting import alerting, alerts, desk_settings, messages, plan, publish, said, say
from tests.integration.conftest import own_valkey
from tests.integration.draining import add
from tests.support.samples import as_json, new_id, triggered
from tests.support.waiting import eventually


@contextmanager
def running(settings: Settings) -> Iterator[None]:
    """A desk that alerts, in a thread."""
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(settings, desk_settings(), stop), kwargs={"name": "d-1"})
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def test_what_cannot_become_an_alert_is_passed_over_and_counted(
    settings: Settings, redis_client: Any, key: str, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    add(redis_client, key, "signal_published", {"signal_id": "none"})
    redis_client.xadd(key, {"event": "alert", "data": b"\xff{"})
    redis_client.xadd(key, {"event": "alert", "data": as_json(said()), "id": "no uuid"})
    redis_client.xadd(key, {"who": "knows"})
    say(redis_client, key, said(category="other"), said())
    caplog.set_level(logging.WARNING)
    done = alerting(settings)
    assert (done.sent, done.refused) == (2, 4)
    assert caplog.text.count("cannot become an alert") == 1
    assert redis_client.xpending(key, DESK_GROUP)["pending"] == 0


HOSTILE: dict[str, dict[str, Any]] = {
    "markup": {"title": "<b>*_[x](y)`", "lines": ["`ib_20250915_0733_BTC`", "\u202egnp.exe", "a\tb\r\nc\x07"]},
    "long": {"title": "x" * 512, "lines": ["😀" * 512] * 20, "next": "y" * 512, "setup": "z" * 512},
    "numbers": {"category": "sniper", "symbol": "B" * 128, "side": "long", "entry": 1e-300, "sl": 9.9e14, "tp1": 1e-12},
    "ref": {"refId": "ib_'; DROP TABLE alerts; --"},
    "long ref": {"refId": "x" * 512},
    "no words": {"title": "", "lines": ["", " ", "\u200b"], "symbol": "\u200b"},
    "minutes": {"expiryMinutes": 1e6},
    "huge": {"extra": ["y" * 1000] * 900},
    "unpaired": {"symbol": "🤝", "setup": "\x7f\x01"},
}  # fmt: skip


@pytest.mark.parametrize("mode", ["reply", "quote"])
def test_hostile_values_become_plain_messages_and_hold_up_nothing(
    settings: Settings, redis_client: Any, key: str, connection: Connection, mode: str
) -> None:
    say(redis_client, key, *(said(**fields) for fields in HOSTILE.values()), said(title="the last"))
    done = alerting(settings, SIGNALTAPE_ALERT_JSON=mode)
    assert (done.sent, done.refused) == (len(HOSTILE) + 1, 0)
    assert all(row["parts"] == 1 for row in messages(connection))
    assert any("the last" in row["body"] for row in messages(connection))


def test_entries_that_were_damaged_on_their_way_hold_up_nothing(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    chance = random.Random(17)
    whole = {b"signal_published": as_json(plan()), b"alert": as_json(said())}
    for name, data in whole.items():
        for _ in range(300):
            place = chance.randrange(len(data))
            damaged = (
                data[:place] + chance.randbytes(chance.randrange(3)) + data[place + chance.randrange(9) :]
            )
            redis_client.xadd(key, {b"event": name, b"data": damaged})
    say(redis_client, key, said(title="the last"))
    done = alerting(settings)
    assert done.refused > 100
    assert any("the last" in row["body"] for row in messages(connection))
    assert redis_client.xpending(key, DESK_GROUP)["pending"] == 0


def test_a_row_that_postgres_refuses_is_passed_over_alone(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    connection.execute("ALTER TABLE alerts ADD CHECK (symbol IS DISTINCT FROM 'POISON')")
    publish(redis_client, key, plan(), plan(symbol="POISON"), plan(symbol="BTC-USDT"))
    done = alerting(settings)
    assert (done.sent, done.refused) == (2, 1)


def test_an_alert_whose_row_cannot_be_shown_holds_up_no_other(
    settings: Settings, redis_client: Any, key: str, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = new_id(), new_id()
    publish(redis_client, key, plan(first), plan(second))
    alerting(settings)
    connection.execute("UPDATE alerts SET life = 'nonsense' WHERE signal_id = %s", [first])
    for signal_id in (first, second):
        add(redis_client, key, "signal_triggered", triggered(signal_id))
    assert alerting(settings).followed == 1
    assert redis_client.xpending(key, DESK_GROUP)["pending"] == 0
    assert "cannot be shown" in caplog.text


def test_postgres_away_is_waited_for(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    assert settings.database_url is not None
    with running(settings):
        publish(redis_client, key)
        eventually(lambda: len(alerts(connection)) == 1)
        for _ in range(3):
            end_sessions(settings.database_url, "signaltape-desk%")
            publish(redis_client, key)
        eventually(lambda: len(alerts(connection)) == 4)
    assert len(messages(connection)) == 4


def end_sessions(database: Secret, name: str) -> None:
    """As when Postgres starts anew."""
    with psycopg.connect(database.reveal(), autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE %s", [name]
        )


def test_redis_that_comes_back_empty_is_waited_for(
    settings: Settings, tmp_path: Any, key: str, connection: Connection
) -> None:
    with own_valkey(tmp_path / "valkey") as valkey:
        own = Settings(
            redis_url=Secret(valkey.url), database_url=settings.database_url, home=settings.home,
            stream=settings.stream,
        )  # fmt: skip
        client = redis.Redis.from_url(valkey.url, protocol=2)
        with running(own):
            publish(client, key)
            eventually(lambda: len(alerts(connection)) == 1)
            valkey.stop()
            valkey.start()
            client.flushall()  # it has forgotten the stream, the group and all
            publish(client, key)
            eventually(lambda: len(alerts(connection)) == 2)
        client.close()


def test_two_desks_beside_each_other_send_each_alert_once_and_keep_the_budget_together(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    budget = {"SIGNALTAPE_ALERT_BUDGETS": "institutional=3/1h"}
    stop = threading.Event()
    desks = [
        threading.Thread(
            target=run, args=(settings, desk_settings(**budget), stop), kwargs={"name": f"d-{number}"}
        )
        for number in range(2)
    ]
    for desk in desks:
        desk.start()
    publish(redis_client, key, *(plan() for _ in range(60)))
    eventually(lambda: len(alerts(connection)) == 60)
    stop.set()
    for desk in desks:
        desk.join(30)
    assert [row["decision"] for row in alerts(connection)].count("sent") == 3
    assert len(messages(connection)) == 3


def test_a_desk_that_begins_alerting_anew_has_the_name_it_had(
    settings: Settings, redis_client: Any, key: str, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "desk")
    for _ in range(2):
        run(settings, desk_settings(), threading.Event(), once=True)
    named = [text for text in caplog.messages if text.startswith("alerting as consumer")]
    assert len(named) == 2
    assert len(set(named)) == 1
