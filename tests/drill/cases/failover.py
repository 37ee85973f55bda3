"""The primary dies, and its standby takes over without what was committed last."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator

from deploy.embedded.postgres import PORT, Postgres
from signaltape import Secret
from sink.db import connect
from tests.chaos.cluster import mould
from tests.chaos.proxy import Proxy
from tests.drill.registry import case
from tests.drill.stage import Stage
from tests.support.waiting import eventually

#: Committed by the primary, and never sent to the standby.
_LOST = 200


def with_a_standby(stage: Stage) -> None:
    """It follows by streaming; a person knows both by their addresses."""
    made, primary = mould(), stage.postgres_data.parent / "s"
    data = stage.postgres_data.with_name("standby")
    data.mkdir(mode=0o700)
    made.account.give(data)
    source = f"host={primary} port={PORT} user=signaltape"
    subprocess.run(
        [
            str(made.programs / "pg_basebackup"),
            "-D",
            str(data),
            "-d",
            source,
            "-R",
            "-c",
            "fast",
            "-X",
            "stream",
        ],
        check=True,
        cwd="/",
        **made.account.popen_options(),
    )
    standby = Postgres(made.programs, data, data.with_name("s2"), made.account)
    standby.start()
    stage.stack.callback(standby.stop)
    proxy = Proxy(str(data.with_name("s2") / f".s.PGSQL.{PORT}"))
    proxy.start()
    stage.stack.callback(proxy.stop)
    stage.standby = standby
    stage.shell.environment["PRIMARY"] = f"127.0.0.1:{stage.postgres_proxy.port}"
    stage.shell.environment["STANDBY"] = f"127.0.0.1:{proxy.port}"


def the_old_one_is_gone(stage: Stage) -> Iterator[str]:
    """Nobody wrote to the old primary any more, and what it alone had is here."""
    if stage.standby is not stage.postgres:
        yield "the stage still counts at the old primary"


@case(prepare=with_a_standby, check=the_old_one_is_gone)
def postgres_failover(stage: Stage) -> None:
    """The standby loses contact, the primary goes on for a while, then it is gone with its disk."""
    standby = stage.standby
    assert standby is not None
    with connect(Secret(standby.url())) as behind:
        behind.execute("ALTER SYSTEM SET primary_conninfo = ''")
        behind.execute("SELECT pg_reload_conf()")
        eventually(lambda: behind.execute("SELECT FROM pg_stat_wal_receiver").rowcount == 0, timeout=30)
        row = behind.execute("SELECT count(*) FROM signal_events").fetchone()
    assert row is not None
    stage.await_stored(row[0] + _LOST)
    os.kill(stage.postgres.pid, signal.SIGKILL)
    stage.postgres.stop()
    shutil.rmtree(stage.postgres_data)
    # who counts in the end counts at what is there then
    stage.postgres, stage.direct_database = standby, Secret(standby.url())
