"""kill -9 of the desk anywhere: no alert is lost, none is decided or put in twice, and each decision is told once."""

from __future__ import annotations

import signal
from collections import Counter
from functools import partial
from typing import Any

import msgspec
import pytest

from desk.alerting.deciding import MOST_SENT
from signaltape import Settings
from signaltape.shipping.service import ship_once
from signaltape.stream import DESK_GROUP
from sink.db import Connection, rows_as_dicts
from tests.integration.alerting import FREE, alerting, alerts, messages, plan, publish
from tests.integration.conftest import Runner
from tests.integration.draining import add
from tests.support.samples import new_id, triggered
from tests.support.waiting import eventually

pytestmark = pytest.mark.deep

#: The desk's alerting, and nothing else of it.
PROGRAM = """
import threading
from desk.alerting.process import run
from desk.settings import DeskSettings
from signaltape.settings import Settings
run(Settings.from_env(), DeskSettings.from_env(), threading.Event(), name="d-1")
"""
ENVIRONMENT = {**FREE, "SIGNALTAPE_ALERT_CHATS": "42,43"}
#: Few alerts at once, so that a kill comes amid many batches.
COUNT, ROUNDS = 40, 4


def load(client: Any, key: str, ids: list[str]) -> None:
    for signal_id in ids:
        publish(client, key, plan(signal_id))
        add(client, key, "signal_triggered", triggered(signal_id))


@pytest.mark.parametrize("failpoint", ["desk.before_commit", "desk.after_commit", "at random"])
def test_kill_9_again_and_again_loses_and_doubles_nothing(
    settings: Settings, runner: Runner, redis_client: Any, key: str, connection: Connection, failpoint: str
) -> None:
    armed = {} if failpoint == "at random" else {"SIGNALTAPE_FAILPOINTS": f"{failpoint}=kill@1"}
    ids = [new_id() for _ in range(COUNT * ROUNDS)]
    for number in range(ROUNDS):
        process = runner.fork_code(PROGRAM, **ENVIRONMENT, **armed)
        load(redis_client, key, ids[number * COUNT : (number + 1) * COUNT])
        if failpoint == "at random":
            eventually(partial(_has_decided, connection, number * (COUNT + 1) + 1))
            process.popen.send_signal(signal.SIGKILL)
        assert process.finish()[0] == -9
    alerting(settings, **ENVIRONMENT)
    found = alerts(connection)
    assert Counter(str(row["signal_id"]) for row in found) == Counter(ids)
    assert {row["decision"] for row in found} == {"sent"}
    assert Counter(row["message_key"] for row in messages(connection)) == Counter(
        f"alert:{row['ref_id']}:{chat}" for row in found for chat in ("42", "43")
    )
    assert redis_client.xpending(key, DESK_GROUP)["pending"] == 0
    assert all("triggered" in row["body"] for row in _newest(connection))
    assert _told(settings, redis_client, key) == Counter({row["ref_id"]: 1 for row in found})


def test_a_desk_that_dies_amid_a_backlog_has_got_on(
    settings: Settings, runner: Runner, redis_client: Any, key: str, connection: Connection
) -> None:
    """Else one that is killed sooner than a whole batch takes would begin it anew for ever."""
    publish(redis_client, key, *(plan(new_id()) for _ in range(COUNT)))
    second = {"SIGNALTAPE_FAILPOINTS": "desk.before_commit=kill@2"}
    for number in range(1, 3):
        assert runner.fork_code(PROGRAM, **ENVIRONMENT, **second).finish()[0] == -9
        assert len(alerts(connection)) == number * MOST_SENT
    alerting(settings, **ENVIRONMENT)
    assert len(alerts(connection)) == COUNT


def _has_decided(connection: Connection, count: int) -> bool:
    return len(alerts(connection)) >= count


def _newest(connection: Connection) -> list[dict[str, Any]]:
    """What every message is to become."""
    return rows_as_dicts(
        connection,
        b"SELECT coalesce(e.body, o.body) AS body FROM outbox o LEFT JOIN outbox_edits e USING (message_key)",
    )


def _told(settings: Settings, client: Any, key: str) -> Counter[str]:
    """How many decisions the tape holds of each reference, by their ids; also those that the dead had not shipped."""
    ship_once(settings)
    entries = [fields for _, fields in client.xrange(key) if fields[b"event"] == b"alert_decision"]
    records = [msgspec.json.decode(fields[b"data"]) for fields in entries]
    return Counter({record["id"]: record["refId"] for record in records}.values())
