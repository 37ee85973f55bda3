"""The disk of Postgres is full: a file system of its own, filled by somebody else's file."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from deploy.embedded.postgres import Postgres
from tests.chaos.cluster import mould
from tests.drill.registry import case
from tests.drill.stage import Stage
from tests.support.waiting import eventually

_MIB = 2**20
#: What is kept on the disk to be deleted in need.
_BALLAST_BYTES = 96 * _MIB
#: Free besides, until somebody else's file takes it.
_SPARE_BYTES = 64 * _MIB
#: Postgres may end, or go on without writing: then it is the worker's lag that guard tells of, which takes longer.
_LONG_ENOUGH_S = 25.0
#: Where the page says that the disk is.
DISK = "/var/lib/postgresql"


def a_disk_of_its_own(stage: Stage) -> None:
    """Move Postgres' data to a file system that is just large enough. Mounting needs root."""
    assert os.geteuid() == 0, "this case mounts a file system: play it as root"
    stage.postgres.stop()
    disk = stage.postgres_data.with_name("disk")
    disk.mkdir()
    used = sum(path.stat().st_size for path in stage.postgres_data.rglob("*") if path.is_file())
    size = used + _BALLAST_BYTES + _SPARE_BYTES
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)], check=True)
    stage.stack.callback(_release, stage, disk)
    subprocess.run(["cp", "-a", str(stage.postgres_data), str(disk / "data")], check=True)
    with (disk / "ballast").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, _BALLAST_BYTES)
    made = mould()
    made.account.give(disk)
    # WAL that is recycled takes no room anew: it is kept short, so that the disk fills with data
    stage.postgres = Postgres(
        made.programs, disk / "data", stage.postgres_data.with_name("s"), made.account, ("max_wal_size=64MB",)
    )
    stage.postgres_data = disk / "data"
    stage.postgres.start()
    stage.places[DISK] = str(disk)


def _release(stage: Stage, disk: Path) -> None:
    stage.postgres.stop()
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def the_limit_was_met(stage: Stage) -> Iterator[str]:
    """Postgres said so itself; else nothing was tried."""
    if "No space left on device" not in stage.postgres.log.read_text(errors="replace"):
        yield "the disk never was full for Postgres"


@case("postgres-away", "stream-lag", afterwards=True, prepare=a_disk_of_its_own, check=the_limit_was_met)
def disk_full(stage: Stage) -> None:
    """Somebody else's file takes all that is left."""
    with (
        (stage.postgres_data.parent / "somebody-elses.log").open("wb", buffering=0) as file,
        suppress(OSError),
    ):
        while file.write(bytes(_MIB)):
            pass
    eventually(lambda: not [*the_limit_was_met(stage)], timeout=60)
    stage.pause(_LONG_ENOUGH_S)
