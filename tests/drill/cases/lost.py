"""The database is lost, or the whole box: with the last backup and what came since, row for row what it would be."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.drill.cases.servers import LONG_ENOUGH_S
from tests.drill.lossless import rows_without_loss
from tests.drill.registry import case
from tests.drill.stage import Stage
from tests.support.stored_rows import all_rows, differences

#: Where the page says that backups lie.
BACKUPS = "/var/backups/signaltape"
#: Stored behind the backup, and lost with the database.
_SINCE = 400
#: When and how a row came here: what is read or sent again comes later, by another entry.
_ARRIVAL = {"*": ["received_at", "entry_id"]}
#: What tells of these processes and not of the tape: how often something came twice, who was told what, and how fast.
_OF_THE_RUN = {
    "sink_counters",
    "duplicate_counts",
    "control_state",
    "outbox",
    "telegram_pace",
    "tape_records",
}


def elsewhere_for_backups(stage: Stage) -> None:
    """Another disk than that of the box."""
    folder = Path(tempfile.mkdtemp(prefix="drill-backups-"))
    stage.stack.callback(shutil.rmtree, folder, ignore_errors=True)
    stage.places[BACKUPS] = str(folder)


def row_for_row(stage: Stage) -> Iterator[str]:
    """All tables, against a database that the same journals went into by a way on which nothing happened."""
    with stage.database() as connection:
        here = all_rows(connection, _ARRIVAL)
    there = rows_without_loss(stage, _ARRIVAL)
    for one in differences(there, here):
        table = one.partition(":")[0]
        if table not in _OF_THE_RUN and not table.startswith("guard_"):
            yield f"not row for row: {one}"


@case("postgres-away", afterwards=True, prepare=elsewhere_for_backups, check=row_for_row)
def lost_database(stage: Stage) -> None:
    """Postgres is killed, and its data are gone."""
    stage.await_stored(stage.stored_count() + _SINCE)
    _lose_the_database(stage)
    stage.pause(LONG_ENOUGH_S)


@case(prepare=elsewhere_for_backups, check=row_for_row)
def lost_box(stage: Stage) -> None:
    """All is killed but engine and shipper, which are elsewhere; the data of both servers and the archive are gone."""
    stage.await_stored(stage.stored_count() + _SINCE)
    for name in ("worker", "archiver", "reports", "guard"):
        for child in stage.of(name):
            child.kill()
    _lose_the_database(stage)
    os.kill(stage.valkey.pid, signal.SIGKILL)
    stage.valkey.stop()
    shutil.rmtree(stage.home / "valkey")
    shutil.rmtree(stage.archive)


def _lose_the_database(stage: Stage) -> None:
    os.kill(stage.postgres.pid, signal.SIGKILL)
    stage.postgres.stop()
    shutil.rmtree(stage.postgres_data)
