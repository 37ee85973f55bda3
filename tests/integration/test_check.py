"""`python -m sink check` on a system that is at work."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from signaltape import Secret
from sink import __main__ as commands
from sink import quality
from sink.db import Connection
from sink.write.writer import BatchWriter
from tests.support.entries import life
from tests.support.samples import new_id


def test_events_that_come_in_between_are_no_disagreement(
    database: Secret, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Journal and tables are counted one after the other, and the worker does not wait for that."""

    class Meddling(dict[str, bytes]):
        def __getitem__(self, name: str) -> bytes:
            if name == "rows_by_table":
                BatchWriter(connection).write(life(new_id()))
            return super().__getitem__(name)

    monkeypatch.setattr(quality, "_SQL", Meddling(quality._SQL))
    monkeypatch.setenv("DATABASE_URL", database.reveal())
    done: Any = CliRunner().invoke(commands.main, ["check"])
    assert "all tables agree" in done.output
    assert done.exit_code == 0
    counted = connection.execute("SELECT count(*) FROM signal_events").fetchone()
    assert counted == (4,), "one came in between"


def test_records_that_are_not_carried_over_yet_are_named(
    database: Secret, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.execute("CREATE TABLE records_by_time (LIKE records) PARTITION BY LIST (class)")
    monkeypatch.setenv("DATABASE_URL", database.reveal())
    done = CliRunner().invoke(commands.main, ["check"])
    assert done.exit_code == 1
    assert "records of before are not all carried over: run python -m sink migrate" in done.output
    assert CliRunner().invoke(commands.main, ["migrate"]).exit_code == 0
    assert CliRunner().invoke(commands.main, ["check"]).exit_code == 0
