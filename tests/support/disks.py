"""Where the servers of tests keep their data: in memory, where there is room for it.

A database is made for each test and dropped behind it: some three hundred files, which a disk's file system takes
several times as long for. Nothing here is to survive a power cut.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from deploy.embedded.errors import EmbeddedError
from deploy.embedded.servers import remove_data, stop_left_over

#: How PostgreSQL is started where nothing is to survive. Databases are made and dropped by the hundred, tables emptied
#: as often, and each time it looks through all its buffers: of an eighth of the memory, as the product takes, that
#: costs more than the copy itself. Nobody follows its log of changes, and no database lives long enough to be vacuumed.
POSTGRES_OPTIONS = (
    *("fsync=off", "max_wal_size=256MB", "shared_buffers=64MB", "autovacuum=off"),
    *("wal_level=minimal", "max_wal_senders=0"),
)

_MEMORY = Path("/dev/shm")
#: What the servers of one process need at most is a quarter of it.
_ROOM_BYTES = 2 << 30


def home_of_servers() -> Path:
    """A new folder, which the user that runs PostgreSQL may enter."""
    has_room = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES
    home = Path(
        tempfile.mkdtemp(
            prefix=_named_by(
                os.environ.get("PYTEST_XDIST_TESTRUNUID", ""), os.environ.get("PYTEST_XDIST_WORKER", "")
            ),
            dir=_MEMORY if has_room else None,
        )
    )
    home.chmod(0o711)
    return home


def end_servers_of(run: str, worker: str) -> None:
    """End the servers of a worker of pytest-xdist that was ended itself, and remove what they kept."""
    for folder in (_MEMORY, Path(tempfile.gettempdir())):
        for home in folder.glob(f"{_named_by(run, worker)}*"):
            with suppress(EmbeddedError):
                stop_left_over(home)
                remove_data(home)
                shutil.rmtree(home, ignore_errors=True)


def _named_by(run: str, worker: str) -> str:
    return f"tape-{run[:8]}-{worker}-"
