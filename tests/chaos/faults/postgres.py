"""Faults of Postgres and of the way to it."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg

from sink.db import Connection
from tests.chaos.audit import no_duplicates
from tests.chaos.registry import fault
from tests.chaos.rig import Rig
from tests.support.waiting import eventually

_CANCEL = (
    b"SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
    b" WHERE application_name = 'signaltape-worker' AND state <> 'idle'"
)
_DEFAULTS = {
    "default_transaction_isolation": "serializable",
    "statement_timeout": "3ms",
    "default_transaction_read_only": "on",
}
#: What PostgreSQL says where one of these defaults has its way. A timeout that strikes just when its statement is done
#: reads as a request of a user's.
_SAID_OF_DEFAULTS = (
    "could not serialize access",
    "canceling statement due to statement timeout",
    "canceling statement due to user request",
    "in a read-only transaction",
)
_A_WORKERS_BACKEND = b"SELECT pid FROM pg_stat_activity WHERE application_name = 'signaltape-worker' LIMIT 1"
#: Longer than the time after which entries may be claimed, and than the interval at which they are.
_LONGER_THAN_CLAIMS_S = 12.0
_WAL_FILE_BYTES = 16 * 1024 * 1024
_OTHERS = (
    b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'signaltape-worker'"
)


def _set_for_all(rig: Rig, setting: str, value: str | None) -> None:
    """Change a setting of every new session, and end the sessions of the worker."""
    change = f"SET {setting} = '{value}'" if value is not None else f"RESET {setting}"
    with rig.database() as admin:
        admin.execute("SET default_transaction_read_only = off")
        admin.execute(f"ALTER DATABASE postgres {change}".encode())
        admin.execute(_OTHERS)


def _logged(rig: Rig, text: str) -> bool:
    return text in rig.postgres.log.read_text(errors="replace")


def _assert_logged(rig: Rig, text: str) -> None:
    """The fault must have bitten, or the case tests nothing."""
    assert _logged(rig, text), f"{text!r} never happened"


@fault(soak=True)
def postgres_immediate_shutdown(rig: Rig) -> None:
    with rig.postgres_hands:
        os.kill(rig.postgres.pid, signal.SIGQUIT)
        rig.postgres.stop()
        rig.postgres.start()


@fault()
def postgres_kill_9(rig: Rig) -> None:
    os.kill(rig.postgres.pid, signal.SIGKILL)
    rig.postgres.stop()
    rig.postgres.start()


@fault(soak=True)
def postgres_restart(rig: Rig) -> None:
    with rig.postgres_hands:
        rig.postgres.stop()
        rig.pause(0.5)
        rig.postgres.start()


@fault(soak=True)
def backend_terminated(rig: Rig) -> int:
    for _ in range(10):
        rig.on_database(lambda admin: admin.execute(_OTHERS))
        rig.pause(0.15)
    return 10


@fault(soak=True)
def backend_kill_9(rig: Rig) -> None:
    """A killed backend makes Postgres restart as a whole."""
    row = rig.on_database(lambda admin: admin.execute(_A_WORKERS_BACKEND).fetchone())
    if row is not None:
        with suppress(ProcessLookupError):  # it has just ended by itself
            os.kill(row[0], signal.SIGKILL)


@fault()
def deadlock(rig: Rig) -> int:
    """Another session takes the tables in the other order, again and again."""
    hits = 0
    with rig.database() as other:
        other.execute("SET deadlock_timeout = '10s'")  # so that the worker is the one that finds it
        for _ in range(3):
            try:
                with other.transaction():
                    other.execute("LOCK TABLE signal_closures IN ACCESS EXCLUSIVE MODE")
                    # it has written its events by then: waiting for a while by the clock missed it on a busy machine
                    eventually(lambda: _is_waited_for(other, "signal_closures"))
                    other.execute("LOCK TABLE signal_events IN ACCESS EXCLUSIVE MODE")
            except psycopg.errors.DeadlockDetected:
                hits += 1
            hits += 1
    _assert_logged(rig, "deadlock detected")
    return hits


def _is_waited_for(session: Connection, table: str) -> bool:
    """Whether another session waits for a lock on this table."""
    asked = b"SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = %s::regclass)"
    row = session.execute(asked, [table]).fetchone()
    return row is not None and bool(row[0])


@fault()
def defaults_of_the_database_that_suit_other_programs(rig: Rig) -> int:
    """Serializable, read-only, a short timeout: none of it is ours, and the worker writes as ever.

    Two workers and every event twice, so that both count duplicates in the same row.
    """
    rig.checks.append(lambda: _workers_kept_by_defaults(rig))
    for setting, value in _DEFAULTS.items():
        _set_for_all(rig, setting, value)
    rig.start_worker()
    rig.start_engine(start=0)
    rig.await_engines()
    rig.pause(0.5)
    for setting in _DEFAULTS:
        _set_for_all(rig, setting, None)
    return len(_DEFAULTS)


def _workers_kept_by_defaults(rig: Rig) -> Iterator[str]:
    """That their sessions were ended is the fault's own doing; in which words they learn of it is up to the network."""
    for worker in rig.children:
        lines = worker.log.read_text(errors="replace").splitlines()
        said = [line for line in lines if any(text in line for text in _SAID_OF_DEFAULTS)]
        if said:
            yield f"a default of the database kept a {worker.name} from its work: {said[0]}"


#: Rows that make the table larger than a WAL file, so that only the table can hit the limit below.
_FILL = b"""
INSERT INTO signal_events (event_id, signal_id, event, schema_version, symbol, payload, ts, stream, entry_id)
SELECT gen_random_uuid(), gen_random_uuid(), 'filler', 1, 'x', jsonb_build_object('x', repeat(md5(n::text), 20)),
       now(), 'filler', '0-0'
FROM generate_series(1, 40000) n
"""


@fault()
def postgres_disk_full(rig: Rig) -> None:
    """Postgres starts anew under a limit at which its largest table cannot grow: what a full disk does to it."""
    with rig.database() as admin:
        admin.execute("ALTER TABLE signal_events SET (autovacuum_enabled = false)")
        admin.execute(_FILL)
        admin.execute("DELETE FROM signal_events WHERE event = 'filler'")
        row = admin.execute("SELECT pg_relation_size('signal_events')").fetchone()
    assert row is not None
    assert row[0] > _WAL_FILE_BYTES
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    rig.postgres.stop()
    resource.setrlimit(resource.RLIMIT_FSIZE, (row[0], hard))  # inherited by what is started now
    try:
        rig.postgres.start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    rig.pause(2.5)
    with rig.database() as admin:
        assert "could not extend" in rig.postgres.log.read_text(), (
            "the limit must bite, or this tests nothing"
        )
        admin.execute("SELECT 1")
    rig.postgres.stop()
    rig.postgres.start()


@fault()
def postgres_is_a_standby(rig: Rig) -> None:
    """It comes back as a standby, which only reads, and is promoted some time later."""
    (worker,) = rig.of("worker")
    worker.send(signal.SIGSTOP)  # so that there is something left to write
    rig.postgres.stop()
    marker = rig.postgres_data / "standby.signal"
    marker.touch()
    owner = rig.postgres_data.stat()
    os.chown(marker, owner.st_uid, owner.st_gid)
    rig.postgres.start()
    worker.send(signal.SIGCONT)
    eventually(lambda: _logged(rig, "cannot execute COPY"), timeout=30)
    rig.on_database(lambda admin: admin.execute("SELECT pg_promote()"))


@fault()
def statements_cancelled(rig: Rig) -> int:
    """A person, or a program that watches over long statements, cancels whatever the worker is at."""
    for _ in range(150):
        rig.on_database(lambda admin: admin.execute(_CANCEL))
        rig.pause(0.01)
    _assert_logged(rig, "canceling statement due to user request")
    return 150


@fault(soak=True)
def migration_while_writing(rig: Rig) -> None:
    """A migration that changes every table, held open for a while."""
    tables = ("signal_events", "signals", "signal_triggers", "signal_invalidations", "signal_closures")

    def migrate(admin: Connection) -> None:
        with admin.transaction():
            for table in tables:
                admin.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS note TEXT".encode())
            rig.pause(1.0)

    rig.on_database(migrate)


@fault()
def postgres_stands_still(rig: Rig) -> None:
    """Frozen for a while: this must become lag, never memory."""
    os.kill(rig.postgres.pid, signal.SIGSTOP)
    with_children = [int(pid) for pid in _children_of(rig.postgres.pid)]
    for pid in with_children:
        os.kill(pid, signal.SIGSTOP)
    rig.pause(4.0)
    for pid in (*with_children, rig.postgres.pid):
        os.kill(pid, signal.SIGCONT)


def _children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@fault(soak=True)
def postgres_connections_cut(rig: Rig) -> int:
    for _ in range(5):
        rig.postgres_proxy.cut()
        rig.pause(0.2)
    return 5


@fault()
def postgres_half_open(rig: Rig) -> None:
    """All packets vanish for a while, then the connection breaks."""
    rig.postgres_proxy.freeze()
    rig.pause(3.0)
    rig.postgres_proxy.freeze(False)
    rig.postgres_proxy.cut()


def _hold_a_table(rig: Rig, seconds: float) -> None:
    with rig.database() as other, other.transaction():
        other.execute("LOCK TABLE signals IN ACCESS EXCLUSIVE MODE")
        rig.pause(seconds)


@fault()
def table_locked(rig: Rig) -> None:
    _hold_a_table(rig, 2.0)


@fault()
def table_locked_for_longer_than_entries_may_be_idle(rig: Rig) -> None:
    """Ninety seconds of a lock, scaled: what the worker itself has in hand may not be taken for that of a dead one."""
    rig.checks.append(lambda: no_duplicates(rig))
    _hold_a_table(rig, _LONGER_THAN_CLAIMS_S)
