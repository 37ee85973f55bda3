"""A requeued dead letter keeps the time and the identity of its first arrival, whatever form it came in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from consumer.accepted import Outcome
from signaltape import Settings
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.integration.draining import add_lives, drain
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import SAMPLES, as_json, new_id

#: 2022-01-17 12:00 WIB
FIRST = "1642395600000-7"
FIRST_DAY = "2022-01-17 05:00:00"
#: How an event or a record may say that it has no time of its own.
TIMELESS: list[dict[str, Any]] = [{}, {"ts": None}]
BURY = """
INSERT INTO dead_letters (stream, entry_id, event, raw, fields, reason, entry_ts)
VALUES (%s, %s, %s, %s, %s, 'a bug', to_timestamp(1642395600))
"""


@pytest.fixture
def to_dead_letter(connection: Connection, key: str) -> Callable[..., None]:
    """Make a dead letter of an entry that is in order: a worker with a bug, now mended, did not take it."""

    def make(event: str, data: bytes, entry_id: str = FIRST, **more: bytes) -> None:
        named = [b"event", event.encode()]
        for name, value in more.items():
            named += [name.encode(), value]
        connection.execute(BURY, (key, entry_id, event, data, msgspec.msgpack.encode(named)))

    return make


def requeue(runner: Runner) -> None:
    code, out, err = runner.run("worker", "dead-letters", "requeue", "--all")
    assert (code, out[:9]) == (0, "requeued "), err


@pytest.mark.parametrize("name", SAMPLES)
def test_an_event_without_a_time_keeps_the_time_of_its_first_arrival(
    name: str, to_dead_letter: Any, settings: Settings, key: str, runner: Runner, connection: Connection
) -> None:
    own = {"signal_published": "ts_published", "signal_triggered": "ts_triggered",
           "signal_invalidated": "ts_invalidated", "signal_closed": "ts_closed"}[name]  # fmt: skip
    forms = [*TIMELESS, {own: None}, {own: None, "ts": None}, {"ts_else": "2000-01-01"}]
    for number, more in enumerate(forms):
        to_dead_letter(name, as_json(SAMPLES[name](new_id(), **more)), f"1642395600000-{number}")
    requeue(runner)
    assert drain(settings, key) == Outcome(stored=len(forms))
    times = connection.execute("SELECT (ts AT TIME ZONE 'UTC')::text FROM signal_events").fetchall()
    assert set(times) == {(FIRST_DAY,)}


def test_an_event_with_a_time_keeps_it(
    to_dead_letter: Any, settings: Settings, key: str, runner: Runner, connection: Connection
) -> None:
    to_dead_letter("signal_closed", as_json(SAMPLES["signal_closed"](ts_closed="2022-01-03T00:00:00Z")))
    requeue(runner)
    drain(settings, key)
    row = connection.execute("SELECT (ts AT TIME ZONE 'UTC')::text FROM signal_events").fetchone()
    assert row == ("2022-01-03 00:00:00",)


@pytest.mark.parametrize("more", [{}, {"timestamp": None}, {"id": None, "timestamp": None}])
@pytest.mark.parametrize("name", ["state_event", "market_trade", "risk_snapshot"])
def test_a_record_keeps_the_time_and_the_identity_of_its_first_arrival(
    name: str,
    more: dict[str, Any],
    to_dead_letter: Any,
    settings: Settings,
    redis_client: Any,
    key: str,
    runner: Runner,
    connection: Connection,
) -> None:
    data = as_json({**RECORD_SAMPLES[name], **more})
    redis_client.xadd(key, {"event": name, "data": data}, id=FIRST)
    assert drain(settings, key).stored == 1
    for _ in range(2):
        to_dead_letter(name, data)
        requeue(runner)
        assert drain(settings, key) == Outcome(duplicates=1)
    rows = connection.execute("SELECT (ts AT TIME ZONE 'UTC')::text FROM records").fetchall()
    assert rows == [(FIRST_DAY,)]


def test_a_letter_that_fails_again_still_knows_its_first_arrival(
    settings: Settings, redis_client: Any, key: str, runner: Runner, connection: Connection
) -> None:
    redis_client.xadd(key, {"event": "trade_log", "data": b"{}"}, id=FIRST)
    for _ in range(3):
        assert drain(settings, key) == Outcome(dead=1)
        letter = connection.execute("SELECT entry_ts = to_timestamp(1642395600) FROM dead_letters").fetchall()
        assert letter == [(True,)], "the week in which it counts"
        requeue(runner)
    entry = redis_client.xrevrange(key, count=1)[0][1]
    assert entry[b"first_entry_id"] == FIRST.encode()


def test_what_only_postgres_rejects_keeps_time_and_identity_too(
    settings: Settings, redis_client: Any, key: str, runner: Runner, connection: Connection
) -> None:
    connection.execute("ALTER TABLE records ADD CONSTRAINT none CHECK (event <> 'trade_log')")
    connection.execute("ALTER TABLE signal_events ADD CONSTRAINT none CHECK (event <> 'signal_closed')")
    record_id = new_id()
    sample = as_json(RECORD_SAMPLES["trade_log"])
    redis_client.xadd(key, {"event": "trade_log", "data": sample, "id": record_id}, id="1642395600000-0")
    redis_client.xadd(key, {"event": "trade_log", "data": sample}, id="1642395600000-1")
    closed = as_json(SAMPLES["signal_closed"]())
    redis_client.xadd(key, {"event": "signal_closed", "data": closed}, id="1642395600000-2")
    for _ in range(2):
        assert drain(settings, key) == Outcome(dead=3)
        requeue(runner)
    connection.execute("ALTER TABLE records DROP CONSTRAINT none")
    connection.execute("ALTER TABLE signal_events DROP CONSTRAINT none")
    assert drain(settings, key) == Outcome(stored=3)
    times = connection.execute(
        "SELECT (ts AT TIME ZONE 'UTC')::text FROM records UNION ALL"
        " SELECT (ts AT TIME ZONE 'UTC')::text FROM signal_events"
    ).fetchall()
    assert set(times) == {(FIRST_DAY,)}
    ids = [str(row[0]) for row in connection.execute("SELECT record_id FROM records").fetchall()]
    assert record_id in ids


def test_a_first_entry_id_that_is_none_is_refused(settings: Settings, redis_client: Any, key: str) -> None:
    add_lives(redis_client, key, 1)
    for wrong in (b"", b"now", b"1-", b"-1", b"\xff", b"1642395600000-0-0", b"9" * 40 + b"-1"):
        fields = {"event": "signal_closed", "data": as_json(SAMPLES["signal_closed"]())}
        redis_client.xadd(key, {**fields, "first_entry_id": wrong})
    assert drain(settings, key) == Outcome(stored=4, dead=7)
