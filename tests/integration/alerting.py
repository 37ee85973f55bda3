"""A desk's alerting on a stream and a database of the test's own."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from desk.alerting.around import NOTHING_AROUND, Around
from desk.alerting.process import run
from desk.alerting.target import Done
from desk.settings import DeskSettings
from outbox.policies import ALERT
from signaltape import Settings
from sink.db import Connection, rows_as_dicts
from tests.integration.draining import add
from tests.support.samples import published

CHAT = "42"
#: No budget and no least R multiple: what is sent hangs on nothing else.
FREE = {
    "SIGNALTAPE_ALERT_BUDGETS": "off",
    "SIGNALTAPE_MIN_RR": "0",
    "SIGNALTAPE_ALERT_JSON": "off",
    "SIGNALTAPE_GHOST": "off",
}


def desk_settings(**environ: str) -> DeskSettings:
    return DeskSettings.from_env({"SIGNALTAPE_ALERT_CHATS": CHAT, **FREE, **environ})


def alerting(settings: Settings, **environ: str) -> Done:
    """Alert until the stream is drained, and do what is due."""
    return alerting_within(NOTHING_AROUND, settings, **environ)


def alerting_within(around: Around, settings: Settings, **environ: str) -> Done:
    """The same, with the rest of a desk."""
    return run(settings, desk_settings(**environ), threading.Event(), around=around, once=True, name="d-1")


def plan(signal_id: str | None = None, **changes: Any) -> dict[str, Any]:
    """A published signal with prices, of now."""
    prices = {"entry": 222.1, "sl": 219.9, "tp": 226.3}
    return published(signal_id, **{**prices, "ts_published": datetime.now(UTC).isoformat(), **changes})


def said(**changes: Any) -> dict[str, Any]:
    """A record `alert`."""
    return {"id": str(uuid.uuid4()), "category": "health", "title": "Feed is late", "lines": ["book 12 s old"],
            **changes}  # fmt: skip


def publish(client: Any, key: str, *plans: Mapping[str, Any]) -> None:
    for one in plans or (plan(),):
        add(client, key, "signal_published", dict(one))


def say(client: Any, key: str, *records: Mapping[str, Any]) -> None:
    for one in records or (said(),):
        add(client, key, "alert", dict(one))


def alerts(connection: Connection) -> list[dict[str, Any]]:
    """What was decided, in the order of the decisions."""
    return rows_as_dicts(connection, b"SELECT * FROM alerts ORDER BY decided_at, ts, ref_id")


def messages(connection: Connection, kind: str = ALERT) -> list[dict[str, Any]]:
    """Those of a kind in the outbox."""
    return rows_as_dicts(connection, b"SELECT * FROM outbox WHERE kind = %s ORDER BY id", [kind])
