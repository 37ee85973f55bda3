"""What a desk of before had yet to put on the tape is put there by the one behind the upgrade."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import psycopg
import pytest

from deploy.embedded.servers import Urls
from signaltape import Emitter, Secret, Settings
from sink.admin import granting
from sink.admin import migrate as migrations
from sink.db import connect
from sink.outgoing import Committing, emit_committed
from tests.integration.test_outgoing import NOON, journal
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import new_id


@pytest.fixture
def empty(servers: Urls) -> Iterator[Secret]:
    with psycopg.connect(servers.database, autocommit=True) as admin:
        admin.execute("CREATE DATABASE of_before")
        yield Secret(servers.database.replace("@/postgres?", "@/of_before?"))
        admin.execute("DROP DATABASE of_before WITH (FORCE)")


def test_records_that_waited_at_the_upgrade_are_emitted_once_and_first(
    empty: Secret, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [step for step in migrations.migrations() if step.number < 36]
    old, new = ({**RECORD_SAMPLES["price_line"], "id": new_id()} for _ in range(2))
    with (
        connect(empty) as connection,
        Emitter(msgspec.structs.replace(settings, feature_event_logging=True), ship=False) as tape,
    ):
        with monkeypatch.context() as patched:
            patched.setattr(migrations, "migrations", lambda: before)
            patched.setattr(granting, "grant", lambda _: [])  # there were no roles then
            migrations.migrate(connection)
        at = datetime(2022, 1, 17, tzinfo=UTC)
        row = ("price_line", at, msgspec.json.encode(old).decode())
        connection.execute("INSERT INTO desk_records (event, ts, fields) VALUES (%s, %s, %s)", row)
        migrations.migrate(connection)
        with connection.transaction():
            Committing(connection, tape, "desk").record("price_line", timestamp=NOON, **new)
        assert emit_committed(connection, tape, "ghost") == 0
        assert emit_committed(connection, tape, "desk") == 2
        assert emit_committed(connection, tape, "desk") == 0
        found = [msgspec.json.decode(data)["id"] for _, data in journal(tape)]
    assert found == [old["id"], new["id"]]
