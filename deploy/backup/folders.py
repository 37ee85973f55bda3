"""The folders of backups: how they are named, which is the last one, which may go."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from deploy.backup.errors import BackupError
from deploy.backup.manifest import NAME
from signaltape.clock import WIB

_NAMED = re.compile(r"backup-[0-9]{8}T[0-9]{6}\Z")
#: Of one that is being made; what a killed one left is removed by the next.
_UNFINISHED = ".unfinished"


def backups(place: Path) -> list[Path]:
    """All backups in a folder, the oldest first; those without a manifest are none."""
    return sorted(
        path for path in place.glob("backup-*") if _NAMED.match(path.name) and (path / NAME).is_file()
    )


@contextmanager
def new_backup(place: Path, at: datetime) -> Iterator[tuple[Path, Path]]:
    """A folder to fill, and the name that it gets once the block has ended well; else nothing is left of it.

    at: aware; names are WIB. Raises BackupError if there is one of that second, OSError.
    """
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    final = place / f"backup-{at.astimezone(WIB):%Y%m%dT%H%M%S}"
    if final.exists():
        raise BackupError(f"{final} is there already: wait a second")
    for left in place.glob(f"backup-*{_UNFINISHED}"):
        shutil.rmtree(left, ignore_errors=True)
    folder = final.with_name(final.name + _UNFINISHED)
    folder.mkdir(mode=0o700)
    try:
        yield folder, final
        folder.rename(final)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_old(place: Path, keep: int) -> list[Path]:
    """Delete all but the last `keep` backups; returns those that went. Raises OSError."""
    old = backups(place)[:-keep]
    for path in old:
        shutil.rmtree(path)
    return old
