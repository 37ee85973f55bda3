"""What a backup says of itself: `manifest.json`, written last, so that a folder without one is no backup."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path, PurePosixPath

import msgspec
from msgspec import Struct

from deploy.backup.errors import BackupError

NAME = "manifest.json"
#: Changed when an older program could not read what is written.
VERSION = 1


class Kept(Struct, frozen=True):
    """A file of the backup: its length in bytes, and the SHA-256 of its content, in hex."""

    bytes: int
    sha256: str


class Manifest(Struct, frozen=True):
    """What a backup holds, as of which moment.

    made_at: just before the moment that the database is of. migration: the last one of its schema. resume_from: the
    stream's first entry that may not be in it, for `python -m replay stream --from`. tables: rows of each table.
    files: by their paths within the folder.
    """

    version: int
    made_at: datetime
    migration: int
    resume_from: str
    tables: dict[str, int]
    files: dict[str, Kept]

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(self.tables.values())

    @property
    def size_bytes(self) -> int:
        """Of all files."""
        return sum(kept.bytes for kept in self.files.values())


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write it. Raises OSError."""
    (folder / NAME).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")


def read_manifest(folder: Path) -> Manifest:
    """Read it. Raises BackupError if there is none that can be read, or a path in it leads out of the folder."""
    try:
        found = msgspec.json.decode((folder / NAME).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise BackupError(f"{folder} is no backup: it has no {NAME}") from None
    except msgspec.MsgspecError as error:
        raise BackupError(f"{folder / NAME} cannot be read: {error}") from None
    if found.version != VERSION:
        raise BackupError(f"{folder} is of version {found.version}, this program reads {VERSION}")
    for name in found.files:
        if not _is_below(folder, name):
            raise BackupError(f"{folder / NAME} names {name!r}, which lies outside of it")
    return found


def _is_below(folder: Path, name: str) -> bool:
    """Whether it is a plain path, and no link leads away: a part of it is put behind another folder to restore it."""
    plain = PurePosixPath(name)
    if str(plain) != name or plain.is_absolute() or ".." in plain.parts or not plain.name:
        return False
    return (folder / name).resolve().is_relative_to(folder.resolve())
