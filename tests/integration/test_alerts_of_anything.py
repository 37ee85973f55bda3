"""Whatever a record or signal holds: it is decided on, in messages that Telegram takes, or refused by the contract."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from consumer.entry import Entry
from desk.alerting.around import NOTHING_AROUND
from desk.alerting.deciding import Deciding
from desk.alerting.following import Following
from desk.alerting.incoming import Incoming, Reading
from desk.alerting.messages import Messages
from desk.alerting.target import Done
from outbox.text import MAX_TEXT_UNITS, units
from signaltape import Emitter, Settings
from sink.db import Connection, rows_as_dicts
from tests.integration.alerting import desk_settings, plan, said

pytestmark = pytest.mark.deep

TEXTS = st.text(max_size=600) | st.sampled_from(
    ["", "\u202e", "\u2029x", "<b>", "`" * 9, "\ud83d\ude00" * 500, "\x00"]
)
NUMBERS = st.floats(allow_nan=False) | st.integers(-(10**20), 10**20) | st.sampled_from([0, 1e-300, 9.99e14])
ANYTHING = TEXTS | NUMBERS | st.none() | st.booleans() | st.lists(TEXTS, max_size=25)
RECORD = st.dictionaries(
    st.sampled_from(
        ["category", "symbol", "refId", "side", "confidence", "title", "lines", "next", "signalId", "expiryMinutes",
         "entry", "entryLow", "entryHigh", "sl", "tp1", "tp2", "rr", "atrPct", "etfInflowUsd", "dataQuality", "setup"]
    ),
    ANYTHING, max_size=8,
)  # fmt: skip
#: As they should be, so that the rest is looked at.
WELL = st.fixed_dictionaries(
    {},
    optional={
        "category": st.sampled_from(["institutional", "sniper", "scalp", "health"]),
        "title": TEXTS, "lines": st.lists(TEXTS, max_size=20), "next": TEXTS, "setup": TEXTS, "refId": TEXTS,
        "symbol": st.text(min_size=1, max_size=128), "side": st.sampled_from(["long", "short"]),
        "entry": st.floats(1e-300, 9e14), "sl": st.floats(1e-300, 9e14), "tp1": st.floats(1e-300, 9e14),
        "atrPct": st.floats(0, 9e14), "confidence": st.floats(0, 100), "expiryMinutes": st.floats(1, 1e6),
    },
)  # fmt: skip
SIGNAL = st.dictionaries(
    st.sampled_from(
        ["setup", "ref_id", "title", "lines", "next", "symbol", "entry", "sl", "tp", "rr", "confidence"]
    ),
    ANYTHING,
    max_size=5,
)


@hypothesis_settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    records=st.lists(RECORD | WELL, max_size=3),
    signals=st.lists(SIGNAL, max_size=2),
    mode=st.sampled_from(["reply", "quote", "off"]),
)
def test_whatever_they_hold_each_is_decided_on_or_refused(
    connection: Connection, records: list[dict[str, Any]], signals: list[dict[str, Any]], mode: str
) -> None:
    desk = desk_settings(SIGNALTAPE_ALERT_JSON=mode)
    messages = Messages(desk, NOTHING_AROUND)
    deciding = Deciding(desk, Emitter(Settings()), NOTHING_AROUND, messages, Following(messages))
    now = datetime.now(UTC).isoformat()
    given_ = [("alert", {**said(timestamp=now), **one}) for one in records]
    given_ += [("signal_published", {**plan(ts_published=now), **one}) for one in signals]
    entries = [Entry("s", f"{n}-0", [b"event", name.encode(), b"data", json.dumps(one).encode()])
               for n, (name, one) in enumerate(given_, 1)]  # fmt: skip
    batch = Reading().read(entries)
    with connection.transaction():
        done = Done()
        left: Incoming | None = batch
        while left is not None:
            step, left = deciding.take(connection, left)
            done = done.plus(step)
        assert done.refused == 0, "what the contract takes becomes an alert"
        assert done.sent + done.held == len(batch.alerts) == len(entries) - batch.refused
        for row in rows_as_dicts(connection, b"SELECT body, parts, entities FROM outbox"):
            assert row["parts"] == 1
            assert 0 < units(row["body"]) <= MAX_TEXT_UNITS
            size = units(row["body"])
            assert all(e["offset"] >= 0 and e["offset"] + e["length"] <= size for e in row["entities"])
        connection.execute("DELETE FROM outbox")
