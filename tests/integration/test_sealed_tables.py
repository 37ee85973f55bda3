"""What reports read is held against the events that were sealed, if asked."""

from __future__ import annotations

import json

import pytest

from signaltape import Settings
from sink import operations
from sink.admin.rebuild import rebuild
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.support.sealing import FIRST, sealed_days

TABLES = (
    ("UPDATE signals SET rr_target = rr_target + 0.01", "signal_published"),
    ("UPDATE signal_closures SET rr_realized = 9.9", "signal_closed"),
    ("UPDATE signal_triggers SET ts_triggered = ts_triggered - interval '1 microsecond'", "signal_triggered"),
    ("DELETE FROM signal_invalidations", "signal_invalidated"),
    ("UPDATE signal_layers SET weight = 0.123", "signal_published"),
)


@pytest.mark.parametrize(("statement", "event"), TABLES)
def test_a_table_that_was_altered_alone_is_named(
    settings: Settings, connection: Connection, statement: str, event: str
) -> None:
    ids = sealed_days(connection)
    connection.execute(statement.encode())
    assert operations.verify(settings).intact
    found = operations.verify(settings, tables=True)
    assert not found.intact
    first = found.altered[0]
    assert (first.day, first.what, first.event) == (FIRST, "table", event)
    assert {one.signal_id for one in found.altered} == {one for day in ids for one in day}
    rebuild(connection)
    assert operations.verify(settings, tables=True).intact


def test_a_row_of_a_table_that_no_event_made_is_named(settings: Settings, connection: Connection) -> None:
    sealed_days(connection)
    connection.execute(
        "INSERT INTO signal_closures SELECT gen_random_uuid(), symbol, ts_closed, 9.9, time_in_trade_ms, exit_reason"
        " FROM signal_closures LIMIT 1"
    )
    found = operations.verify(settings, tables=True)
    assert [(one.what, one.event) for one in found.altered] == [("table", "signal_closed")]


def test_the_command_says_so(runner: Runner, connection: Connection) -> None:
    sealed_days(connection)
    assert runner.run("sink", "verify", "--tables")[0] == 0
    connection.execute("UPDATE signal_closures SET rr_realized = 9.9")
    code, out, _ = runner.run("sink", "verify", "--tables", COLUMNS="200")
    assert code == 1
    assert "python -m sink rebuild makes the tables anew" in out.splitlines()[0]
    assert json.loads(runner.run("sink", "verify", "--tables", "--json")[1])["intact"] is False
