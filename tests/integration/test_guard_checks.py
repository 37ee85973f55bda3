"""What the guard looks at itself, each figure by what really happened."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from guard.checks import host
from guard.checks.taking import Checks
from guard.model.check_figures import CHECK_FIGURES
from guard.operations import stamp
from guard.settings import GuardSettings
from outbox.outbox import Outbox
from outbox.policies import ALERT
from outbox.text import Text
from signaltape import Emitter, Secret, Settings
from signaltape.control import present
from signaltape.stream import WORKER_GROUP
from sink.db import Connection
from tests.integration.conftest import own_valkey
from tests.integration.draining import drain
from tests.support.guarding import Guard, Measures, rules_of
from tests.support.replays import archived_session
from tests.support.waiting import eventually

Found = dict[tuple[str, str], float | None]


class Looking:
    """A guard's look at itself."""

    def __init__(self, settings: Settings, connection: Connection, **more: Any) -> None:
        self._connection = connection
        guard = GuardSettings(common=settings, rules=rules_of(), **more)
        self.checks = Checks(guard, {})

    def found(self, postgres_away_s: float = 0.0) -> Found:
        """Every figure now."""
        taken = self.checks.take(self._connection, datetime.now(UTC), postgres_away_s)
        return {(one.figure, one.subject): one.value for one in taken}


@pytest.fixture
def looking(settings: Settings, connection: Connection, tmp_path: Path) -> Iterator[Looking]:
    made = Looking(structs.replace(settings, data=tmp_path / "data"), connection)
    yield made
    made.checks.close()


def test_where_nothing_happens_every_figure_is_one_that_rules_may_name(looking: Looking) -> None:
    found = looking.found(postgres_away_s=7.0)
    assert {figure for figure, _ in found} <= CHECK_FIGURES.keys()
    assert found["postgres_away", "postgres"] == 7.0
    assert found["redis_away", "redis"] == 0.0
    calm = (
        "dead_letters_new",
        "outbox_uncertain",
        "outbox_failed",
        "outbox_overdue_s",
        "journal_backlog_bytes",
        "replay_errors",
    )
    assert {figure: value for (figure, _), value in found.items() if figure in calm} == dict.fromkeys(
        calm, 0.0
    )
    skews = [value for (figure, _), value in found.items() if figure == "clock_skew_ms"]
    assert len(skews) == 2
    assert all(value is not None and value < 1000 for value in skews)


def test_a_worker_that_is_behind_and_letters_that_it_puts_aside(
    looking: Looking, redis_client: Any, key: str, settings: Settings
) -> None:
    redis_client.xgroup_create(key, WORKER_GROUP, id="0", mkstream=True)
    long_ago = int(datetime.now(UTC).timestamp() * 1000) - 90_000
    redis_client.xadd(key, {"event": "order_log", "data": "no JSON"}, id=f"{long_ago}-0")
    found = looking.found()
    lag_s = found["stream_lag_s", "worker"]
    assert lag_s is not None
    assert 89 < lag_s < 120
    assert (found["stream_bytes", key] or 0) > 0
    assert ("archive_behind_s", "archive") not in found, "an archiver that never was is not behind"
    drain(settings, key)
    after = looking.found()
    assert (after["stream_lag_s", "worker"], after["dead_letters_new", "dead letters"]) == (0.0, 1.0)


def test_a_process_that_is_there_and_one_that_never_came(
    settings: Settings, connection: Connection, redis_client: Any
) -> None:
    looking = Looking(settings, connection, processes=("archiver",))
    with present(settings, "worker"):
        eventually(lambda: ("process_missing", "worker") in looking.found())
        found = looking.found()
        assert (found["memory_mb", "worker"] or 0) > 10
        silent_s = found["process_missing", "worker"]
        assert silent_s is not None
        assert silent_s < 30
    eventually(lambda: (looking.found()["process_missing", "worker"] or 0) > 0.5)
    assert (looking.found()["process_missing", "archiver"] or 0) > 0, "from the first look on"
    again = Looking(settings, connection)
    again.checks = Checks(GuardSettings(common=settings, rules=rules_of()), looking.checks.remembered)
    assert (again.found()["process_missing", "worker"] or 0) > 0.5, "the next guard expects it, too"


def test_a_journal_that_nobody_ships(looking: Looking, settings: Settings) -> None:
    with Emitter(structs.replace(settings, segment_bytes=1 << 20), ship=False, control=False) as tape:
        account = {"note": "x" * 10_000}
        for _ in range(400):
            tape.record("risk_snapshot", {"account": account, "dailyStats": {}, "riskFlags": []})
        waiting = looking.found()["journal_backlog_bytes", "SIGNALTAPE_HOME"]
    assert waiting is not None
    assert waiting >= 2 << 20


def test_messages_in_doubt_and_overdue(looking: Looking, connection: Connection) -> None:
    outbox, until = Outbox(connection), datetime.now(UTC) + timedelta(hours=1)
    for key in ("a", "b", "guard:own"):
        outbox.enqueue(key, "1", Text("x"), until, kind=ALERT)
    connection.execute("UPDATE outbox SET created_at = now() - interval '5 minutes'")
    connection.execute("UPDATE outbox SET state = 'uncertain' WHERE message_key IN ('a', 'guard:own')")
    assert looking.found()["outbox_uncertain", "outbox"] == 1.0, "nor does what the guard says itself"
    connection.execute("UPDATE outbox SET state = 'queued' WHERE message_key = 'guard:own'")
    found = looking.found()
    assert found["outbox_uncertain", "outbox"] == 1.0
    overdue_s = found["outbox_overdue_s", "outbox"]
    assert overdue_s is not None
    assert 299 < overdue_s < 330
    connection.execute("UPDATE outbox SET state = 'sent' WHERE message_key = 'b'")
    assert looking.found()["outbox_overdue_s", "outbox"] == 0.0, "what the guard says itself does not count"


def test_messages_that_were_refused(looking: Looking, connection: Connection) -> None:
    outbox, now = Outbox(connection), datetime.now(UTC)
    for key, lasts in (("alert", 30), ("report", 1200), ("guard:own", 30), ("twin:-5", 30)):
        outbox.enqueue(key, "1", Text("x"), now + timedelta(minutes=lasts), kind=ALERT)
    outbox.enqueue("answer", "1", Text("x"), now + timedelta(minutes=30), kind=ALERT, reply_to="alert")
    connection.execute("UPDATE outbox SET state = 'failed'")

    def counted() -> float | None:
        return looking.found()["outbox_failed", "outbox"]

    assert counted() == 3.0, "neither what the guard says itself nor a reply to what failed"
    outbox.enqueue(
        "twin:-1001234567890", "-1001234567890", Text("x"), now + timedelta(minutes=30), kind=ALERT
    )
    outbox.note_move("-5", "-1001234567890")
    assert counted() == 2.0, "nor what the supergroup has under its own key"
    connection.execute("UPDATE outbox SET state = 'expired' WHERE message_key LIKE 'twin:-100%'")
    assert counted() == 3.0, "but nobody was told of what ended unsent there"
    connection.execute("UPDATE outbox SET state = 'sent' WHERE message_key LIKE 'twin:-100%'")
    connection.execute(
        "UPDATE outbox SET updated_at = now() - interval '61 minutes', not_after = not_after - interval '61 minutes'"
    )
    assert counted() == 1.0, "an hour later only what is still of use"
    assert outbox.resend(number_of(connection, "report"), now + timedelta(hours=1))
    assert counted() == 0.0, "and what is sent again is no failure any more"


@pytest.mark.parametrize("state", ["failed", "uncertain"])
def test_an_alert_that_did_not_get_there_makes_no_other_one(
    looking: Looking, settings: Settings, connection: Connection, redis_client: Any, state: str
) -> None:
    """Else a chat that refuses the guard would keep it ringing about itself."""
    guard = Guard(settings, connection)
    Measures(redis_client, settings.stream).put(900, 900, 900)
    eventually(lambda: guard.run() and guard.messages())
    connection.execute("UPDATE outbox SET state = %s", (state,))
    assert looking.found()[f"outbox_{state}", "outbox"] == 0.0


def test_a_message_that_failed_rings_no_longer_than_a_day(looking: Looking, connection: Connection) -> None:
    Outbox(connection).enqueue("report", "1", Text("x"), datetime.now(UTC) + timedelta(days=9))
    connection.execute("UPDATE outbox SET state = 'failed', updated_at = now() - interval '23 hours'")
    assert looking.found()["outbox_failed", "outbox"] == 1.0
    connection.execute("UPDATE outbox SET updated_at = now() - interval '25 hours'")
    assert looking.found()["outbox_failed", "outbox"] == 0.0


def number_of(connection: Connection, key: str) -> int:
    row = connection.execute("SELECT id FROM outbox WHERE message_key = %s", (key,)).fetchone()
    assert row is not None
    return int(row[0])


def test_a_backup_is_as_old_as_its_stamp_and_else_as_the_database(
    looking: Looking, settings: Settings, connection: Connection
) -> None:
    connection.execute("UPDATE schema_migrations SET applied_at = now() - interval '50 hours'")
    never = looking.found()["backup_age_h", "postgres"]
    assert never == pytest.approx(50, abs=0.1)
    stamp(settings, "backup", datetime.now(UTC) - timedelta(hours=3), "here")
    assert looking.found()["backup_age_h", "postgres"] == pytest.approx(3, abs=0.1)


def test_a_replay_that_died(tmp_path: Path, settings: Settings) -> None:
    data, now = tmp_path / "data", datetime.now(UTC)
    with_data = structs.replace(settings, data=data)
    session = archived_session(data)
    folder = next(data.rglob("sessions")) / session
    assert [one.value for one in host.replays(with_data, now)] == [0.0]
    for damaged in (b"no JSON", b'{"running": "\xff"}', b'{"running": true, "x": "\xff'):
        (folder / "status.json").write_bytes(damaged)
        assert [one.value for one in host.replays(with_data, now)] == [1.0]
    assert [one.value for one in host.replays(with_data, now + timedelta(days=2))] == [0.0]


def test_redis_that_is_away_makes_nothing_of_what_it_knew(
    settings: Settings, connection: Connection, tmp_path: Path
) -> None:
    with own_valkey(tmp_path / "valkey") as valkey:
        theirs = structs.replace(settings, redis_url=Secret(valkey.url))
        looking = Looking(theirs, connection)
        assert looking.found()["clock_skew_ms", "redis"] is not None
        valkey.stop()
        looking.found()
        found = looking.found()
        assert (found["redis_away", "redis"] or 0) > 0
        assert found["clock_skew_ms", "redis"] is None, "nothing can be said"
        assert found["clock_skew_ms", "postgres"] is not None
        valkey.start()
        assert looking.found()["redis_away", "redis"] == 0.0


def test_disks_that_are_one_are_looked_at_once(settings: Settings, tmp_path: Path) -> None:
    one = structs.replace(settings, home=tmp_path / "home", data=tmp_path / "not" / "there")
    found = list(host.disks(one))
    assert [reading.subject for reading in found] == ["SIGNALTAPE_HOME"]
    assert 0 < (found[0].value or 0) <= 100


def test_a_process_of_another_machine_has_no_memory_here(settings: Settings, redis_client: Any) -> None:
    from signaltape.control import processes

    with present(settings, "worker"):
        eventually(lambda: processes(redis_client, settings.stream))
        there = processes(redis_client, settings.stream)
    assert [one.subject for one in host.memory(there, socket.gethostname())] == ["worker"]
    assert list(host.memory(there, "another")) == []
