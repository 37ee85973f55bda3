"""The folder of all journals under SIGNALTAPE_HOME: making and listing them."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from signaltape.journal.lock import FileLock, is_held
from signaltape.journal.segment import segment_numbers, segment_path

OWNER_LOCK = "owner.lock"
SHIP_LOCK = "ship.lock"
#: Every file of ours carries this; a foreign folder under the home is left alone.
_MARK = "tape-"


def journals_folder(home: Path) -> Path:
    """Where the journals of a home lie."""
    return home / "journal"


def new_journal_folder(home: Path, now: datetime) -> tuple[Path, FileLock]:
    """Make the folder of a new journal, open to its user only, with its owner's lock held.

    It gets its name (time, process, chance) only when it is locked, so that nobody takes it for
    the journal of a dead process. Raises OSError.
    """
    name = f"{_MARK}{now:%Y%m%dT%H%M%S}-{os.getpid()}-{os.urandom(4).hex()}"
    hidden = journals_folder(home) / f".{name}"
    hidden.mkdir(parents=True, mode=0o700)
    folder, owner = journals_folder(home) / name, FileLock(hidden / OWNER_LOCK)
    try:
        if not owner.acquire():
            raise PermissionError(errno.EACCES, "its lock cannot be taken", str(hidden))
        hidden.rename(folder)
    except BaseException:
        owner.release()
        with suppress(OSError):  # an engine without a descriptor to spare tries again at each event
            (hidden / OWNER_LOCK).unlink(missing_ok=True)
            hidden.rmdir()
        raise
    return folder, owner


def journal_folders(home: Path) -> list[Path]:
    """All journals of a home, oldest first. Raises OSError if they cannot be listed."""
    folder = journals_folder(home)
    try:
        paths = list(folder.iterdir())  # glob takes a folder that it may not read for an empty one
    except FileNotFoundError:
        return []
    return sorted(path for path in paths if path.name.startswith(_MARK) and path.is_dir())


def is_alive(folder: Path) -> bool:
    """Whether the engine that writes this journal still runs."""
    return is_held(folder / OWNER_LOCK)


def rejects_path(folder: Path) -> Path:
    """The file beside a journal that keeps refused events."""
    return folder.with_name(f"{folder.name}.rejects.jsonl")


def damaged_path(folder: Path) -> Path:
    """The file beside a journal that keeps bytes whose checksum failed."""
    return folder.with_name(f"{folder.name}.damaged")


def backlog_bytes(folder: Path) -> int:
    """The size of a journal's segments on disk."""
    total = 0
    for number in segment_numbers(folder):
        try:
            total += segment_path(folder, number).stat().st_size
        except FileNotFoundError:  # removed meanwhile
            continue
    return total
