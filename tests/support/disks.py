"""Where the servers of tests keep their data: in memory, where there is room for it.

A database is made for each test and dropped behind it: some three hundred files, which a disk's file system takes
several times as long for. Nothing here is to survive a power cut.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

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
    home = Path(tempfile.mkdtemp(prefix="tape-", dir=_MEMORY if has_room else None))
    home.chmod(0o711)
    return home
