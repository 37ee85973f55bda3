"""Whether a backup is whole: every file of its manifest is there, with the content that it had."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from deploy.backup.database import DUMP, Progress, read_through
from deploy.backup.errors import BackupError
from deploy.backup.manifest import Kept, Manifest, read_manifest


def digest_of(path: Path) -> Kept:
    """Length and SHA-256 of a file. Raises OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return Kept(path.stat().st_size, digest.hexdigest())


def verify(folder: Path, progress: Progress) -> Manifest:
    """Read all of a backup. Raises BackupError at the first file that is missing, altered or damaged; OSError."""
    manifest = read_manifest(folder)
    for number, wrong in enumerate(_compared(folder, manifest), 1):
        progress("reading files", number)
        if wrong:
            raise BackupError(f"{folder} is damaged: {wrong}; take an earlier one")
    if DUMP not in manifest.files:
        raise BackupError(f"{folder} holds no {DUMP}; take an earlier one")
    read_through(folder / DUMP, progress)
    return manifest


def _compared(folder: Path, manifest: Manifest) -> Iterator[str]:
    """What is wrong with each file; an empty text where it is well."""
    for name, kept in manifest.files.items():
        path = folder / name
        if not path.is_file():
            yield f"{name} is missing"
        elif path.stat().st_size != kept.bytes:
            yield f"{name} has {path.stat().st_size} bytes, it had {kept.bytes}"
        else:
            yield "" if digest_of(path) == kept else f"the content of {name} was altered"
