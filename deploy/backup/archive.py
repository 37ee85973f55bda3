"""The archive's part of a backup: every file as far as it is committed, while the archiver goes on.

For a moment nobody writes: each file gets a second name then (a hard link), and its committed length is noted. What is
appended later lies behind that length; what is rewritten or deleted later leaves the second name as it was. So the
copying itself holds nobody up. The ledger is left out: it is made anew from the files. So are replay sessions, which
can be built again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from deploy.backup.errors import BackupError
from deploy.backup.folders import alone
from deploy.backup.manifest import Kept
from replay.archive.files import archive_files
from replay.archive.layout import FOLDERS, data_folder
from replay.archive.ledger import Ledger
from replay.archive.ledger_file import NAME as LEDGER
from replay.archive.packed import COMPRESSED

#: Where it lies within a backup.
FOLDER = "archive"
#: Second names of files, under `data/`; what a killed backup left there is removed by the next one.
_HELD = ".backup"
_LOCK = ".backup.lock"
#: Files of a backup that is being put back, under `data/`: none of them is the archive's before all are there.
_COMING = ".restoring"
_CHUNK = 1 << 20

Progress = Callable[[str, int], None]


class Held(NamedTuple):
    """A file of the archive as of one moment: its name under `data/`, its second name, and how far it is committed."""

    name: str
    path: Path
    bytes: int


@contextmanager
def held(data: Path) -> Iterator[list[Held]]:
    """All files of one moment, kept as they are for as long as the block lasts; none if there is no archive.

    data: SIGNALTAPE_DATA. Raises BackupError if another backup holds them, OSError, sqlite3.Error.
    """
    root = data_folder(data)
    if not (root / LEDGER).exists():
        yield []
        return
    second = root / _HELD
    with alone(root / _LOCK):
        yield from _held(root, second)


def _held(root: Path, second: Path) -> Iterator[list[Held]]:
    try:
        with closing(Ledger(root)) as ledger, ledger.transaction():
            shutil.rmtree(second, ignore_errors=True)
            found = [_hold(root, second, path, _length(ledger, root, path)) for path in _lines_of(root)]
            found += [_hold(root, second, path, path.stat().st_size) for path in _beside(root)]
        yield [one for one in found if one.bytes]
    finally:
        shutil.rmtree(second, ignore_errors=True)


def _lines_of(root: Path) -> Iterator[Path]:
    for folder in FOLDERS.values():
        yield from archive_files(root, folder)


def _beside(root: Path) -> list[Path]:
    """The latest snapshots, and the sums of what was deleted: files that are only ever replaced as a whole."""
    return sorted([*root.glob("system/*.json"), *root.glob("summaries/*/*.json")])


def _length(ledger: Ledger, root: Path, path: Path) -> int:
    if path.suffix == COMPRESSED:
        return path.stat().st_size
    return ledger.settled_length(path.relative_to(root).as_posix())


def _hold(root: Path, second: Path, path: Path, length: int) -> Held:
    name = path.relative_to(root).as_posix()
    target = second / name
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(path, target)
    return Held(name, target, length)


def copy_all(
    files: list[Held], target: Path, before: Mapping[str, Kept], earlier: Path | None, progress: Progress
) -> dict[str, Kept]:
    """Copy files into a backup; returns what it holds now, by path within it. Raises OSError.

    before, earlier: the files of the last backup and its folder: a compressed file that it has already is not copied
    again, but gets one more name there.
    """
    kept: dict[str, Kept] = {}
    for number, one in enumerate(files, 1):
        name = f"{FOLDER}/{one.name}"
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        known = before.get(name)
        if earlier is None or known is None or not _linked(one, known, earlier / name, path):
            known = _copied(one, path)
        kept[name] = known
        progress("copying files", number)
    return kept


def _linked(one: Held, known: Kept, earlier: Path, path: Path) -> bool:
    """Whether an earlier backup's file could be taken: compressed, as long, and as old."""
    if not one.name.endswith(COMPRESSED) or known.bytes != one.bytes or not earlier.is_file():
        return False
    if earlier.stat().st_mtime_ns != one.path.stat().st_mtime_ns:
        return False
    try:
        os.link(earlier, path)
    except OSError:  # another disk, or one without links: it is copied
        return False
    return True


def _copied(one: Held, path: Path) -> Kept:
    with one.path.open("rb") as source, path.open("wb") as target:
        digest, left = hashlib.sha256(), one.bytes
        while left and (chunk := source.read(min(_CHUNK, left))):
            digest.update(chunk)
            target.write(chunk)
            left -= len(chunk)
        os.fsync(target.fileno())
    shutil.copystat(one.path, path)
    if left:
        raise BackupError(f"{one.name} became shorter while it was copied: make the backup again")
    return Kept(one.bytes, digest.hexdigest())


def refuse_a_used_one(data: Path) -> None:
    """Raise BackupError unless there is no archive under SIGNALTAPE_DATA."""
    root = data_folder(data)
    if (root / LEDGER).exists() or next(_lines_of(root), None) is not None:
        raise BackupError(
            f"there is an archive under {data} already: set SIGNALTAPE_DATA to another folder, or --only database"
        )


def put_back(folder: Path, files: Mapping[str, Kept], data: Path, progress: Progress) -> int:
    """Copy the archive of a backup to where it belongs; how many files. Raises OSError.

    They appear once all are copied, so that a full disk leaves no part of an archive that would pass for the whole; the
    ledger is made of them by the archiver's next start.
    """
    names = [name.removeprefix(f"{FOLDER}/") for name in files if name.startswith(f"{FOLDER}/")]
    coming = data_folder(data) / _COMING
    shutil.rmtree(coming, ignore_errors=True)
    try:
        for number, name in enumerate(names, 1):
            _moved(shutil.copy2, folder / FOLDER / name, coming / name)
            progress("copying files", number)
        for name in names:
            _moved(Path.replace, coming / name, data_folder(data) / name)
    finally:
        shutil.rmtree(coming, ignore_errors=True)
    return len(names)


def _moved(how: Callable[[Path, Path], object], source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    how(source, target)
