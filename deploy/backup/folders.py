"""The folders of backups: how they are named, which is the last one, which may go."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from deploy.backup.errors import BackupError
from deploy.backup.manifest import NAME, Manifest, read_manifest
from signaltape.clock import WIB
from signaltape.journal.lock import FileLock

_NAMED = re.compile(r"backup-[0-9]{8}T[0-9]{6}\Z")
#: Of one that is being made; what a killed one left is removed by the next.
_UNFINISHED = ".unfinished"
#: Who makes a backup holds it, and so no other takes its folder for one that a killed one left.
_LOCK = ".lock"


def backups(place: Path) -> list[Path]:
    """All backups in a folder, the oldest first; those without a manifest are none."""
    return sorted(
        path for path in place.glob("backup-*") if _NAMED.match(path.name) and (path / NAME).is_file()
    )


def readable(place: Path) -> list[tuple[Path, Manifest]]:
    """Those whose manifest can be read, with it: a damaged or newer one does not end what is done with others."""
    found = []
    for path in backups(place):
        with suppress(BackupError):
            found.append((path, read_manifest(path)))
    return found


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Nobody else makes a backup there for as long as the block lasts. Raises BackupError if somebody does, OSError."""
    lock.touch(mode=0o600)  # a place that cannot be written to is told as that
    held = FileLock(lock)
    if not held.acquire():
        raise BackupError(f"another backup is being made ({lock} is locked): wait for its end")
    try:
        yield
    finally:
        held.release()


@contextmanager
def new_backup(place: Path, at: datetime) -> Iterator[tuple[Path, Path]]:
    """A folder to fill, and the name that it gets once the block has ended well; else nothing is left of it.

    at: aware; names are WIB. Raises BackupError if there is one of that second, or one is being made; OSError.
    """
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    with alone(place / _LOCK):
        yield from _filled(place, at)


def _filled(place: Path, at: datetime) -> Iterator[tuple[Path, Path]]:
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


def remove_old(place: Path, keep: int, new: Path) -> list[Path]:
    """Delete all but the last `keep` backups; returns those that went. Raises OSError.

    new: the one just made, which stays, even if the clock was set back. One that cannot be read is neither counted nor
    deleted: it must not push out a whole one.
    """
    others = [path for path, _ in readable(place) if path != new]
    old = others[: max(0, len(others) - (keep - 1))]
    for path in old:
        # with this name it is no backup any more, however far deleting it comes
        shutil.rmtree(path.rename(path.with_name(path.name + _UNFINISHED)))
    return old
