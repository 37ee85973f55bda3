"""Who may seal, and that nobody but the owner may change what is sealed."""

from __future__ import annotations

import pytest
from psycopg.errors import InsufficientPrivilege

from signaltape import Secret
from sink.admin import granting
from sink.db import Connection, connect
from sink.sealing.verifying import verify
from tests.support.logins import url_for
from tests.support.sealing import arrive, noon, seal_all, sealed_days

SEALED = ("signal_event_days", "signal_event_names", "signal_event_purges")


@pytest.fixture
def rights(connection: Connection) -> None:
    """A copy of a database has its tables' rights, and not its own."""
    assert granting.grant(connection) == []


@pytest.mark.usefixtures("rights")
@pytest.mark.parametrize("process", ["archiver", "reports"])
def test_the_archiver_and_the_reporter_seal_and_verify(
    database: Secret, connection: Connection, process: str
) -> None:
    arrive(connection, noon(0))
    with connect(Secret(url_for(process, database.reveal()))) as login:
        assert seal_all(login)
        assert verify(login).intact


@pytest.mark.usefixtures("rights")
@pytest.mark.parametrize(
    "process", ["worker", "archiver", "replays", "reports", "web", "desk", "ghost", "guard"]
)
def test_no_process_changes_what_is_sealed(database: Secret, connection: Connection, process: str) -> None:
    sealed_days(connection, 1)
    with connect(Secret(url_for(process, database.reveal()))) as login:
        for table in SEALED:
            for statement in (f"DELETE FROM {table}", f"TRUNCATE {table}"):
                with pytest.raises(InsufficientPrivilege):
                    login.execute(statement.encode())
        with pytest.raises(InsufficientPrivilege):
            login.execute("UPDATE signal_event_days SET digest = sha256('x')")
        with pytest.raises(InsufficientPrivilege):
            login.execute("UPDATE signal_events SET symbol = 'X'")
