"""Faults of what processes are given: rights in Redis, settings of Postgres' client, the number of partitions."""

from __future__ import annotations

import signal
from collections.abc import Iterator

from tests.chaos import load
from tests.chaos.registry import fault
from tests.chaos.rig import Rig

_USER, _PASSWORD = "engine", "only%20xadd"
_RIGHTS = ("resetkeys", "~*", "resetchannels", "-@all", "+xadd")


def _engine_that_may_only_add(rig: Rig) -> None:
    rig.on_redis(lambda client: client.execute_command("ACL", "SETUSER", _USER, "on", ">only xadd", *_RIGHTS))
    url = f"redis://{_USER}:{_PASSWORD}@127.0.0.1:{rig.redis_proxy.port}/0"
    rig.start_shipper(env={"REDIS_URL": url})
    rig.start_worker()
    rig.start_engine(stop=rig.events // 2)
    env = {"CHAOS_SHIP_IN_ENGINE": "1", "REDIS_URL": url, "SIGNALTAPE_HOME": str(rig.home / "other")}
    rig.start_engine(env=env)


@fault(_engine_that_may_only_add)
def redis_user_that_may_only_xadd(rig: Rig) -> int:
    """One engine ships by itself, the other by a shipper, both as a user who may do nothing else in Redis."""
    for _ in range(3):
        rig.redis_proxy.cut()
        rig.pause(0.2)
    return 3


#: What a role or an environment may have set for other programs.
_ODD_CLIENT = {
    "PGCLIENTENCODING": "LATIN1",
    "PGDATESTYLE": "German",
    "PGTZ": "America/New_York",
    "PGOPTIONS": "-c intervalstyle=sql_standard -c bytea_output=escape",
}


def _latin1_worker(rig: Rig) -> None:
    rig.start_shipper()
    rig.start_worker(env=_ODD_CLIENT)
    rig.start_engine(mode="text")
    rig.checks.append(lambda: _texts(rig))


@fault(_latin1_worker)
def client_of_postgres_set_to_latin1(rig: Rig) -> int:
    """Texts stay what they are, and so do duplicates, which Postgres compares."""
    rig.start_engine(start=0, mode="text")
    with rig.database() as admin:
        admin.execute("ALTER ROLE signaltape SET client_encoding = 'LATIN1'")
        admin.execute("ALTER ROLE signaltape SET datestyle = 'German'")
    for worker in rig.of("worker"):
        rig.restart(worker, kill=False)
    rig.await_engines()
    return 2


def _texts(rig: Rig) -> Iterator[str]:
    """What stands in Postgres, read as UTF-8, is what was said."""
    with rig.database() as connection:
        connection.execute("SET client_encoding TO 'UTF8'")
        rows = connection.execute(
            "SELECT DISTINCT symbol, payload->>'symbol', payload->>'setup' FROM signal_events"
            " UNION SELECT symbol, symbol, setup FROM signals"
        ).fetchall()
        conflicts = connection.execute("SELECT count(*) FROM event_conflicts").fetchone()
    said = load.MANY_ALPHABETS["symbol"], load.MANY_ALPHABETS["symbol"], load.MANY_ALPHABETS["setup"]
    if odd := [row for row in rows if row != said]:
        yield f"texts are not what was said: {odd[0]!r}"
    if conflicts is None or conflicts[0]:
        yield f"{conflicts} events are told to differ from themselves"


def _four_partitions(rig: Rig) -> None:
    rig.use_partitions(4)
    rig.start_shipper()
    rig.start_worker()
    rig.start_archiver()
    rig.start_engine(stop=rig.events // 2)


@fault(_four_partitions)
def partitions_4_to_1_between_two_starts(rig: Rig) -> None:
    """What lies in the streams that are no longer written to is read all the same."""
    readers = [*rig.of("worker"), *rig.of("archiver")]
    for reader in readers:
        reader.note_memory()
        reader.send(signal.SIGTERM)
    for reader in readers:
        reader.popen.wait(40)
    rig.await_engines()
    rig.await_shipped()
    for shipper in rig.of("shipper"):
        shipper.send(signal.SIGTERM)
        shipper.popen.wait(40)
    rig.use_partitions(1)
    rig.start_shipper()
    rig.start_worker()
    rig.start_archiver()
    rig.start_engine()
