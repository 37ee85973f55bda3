"""Appending to a file of the archive behind its committed length."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from replay.archive.atomic import sync_names


def append(root: Path, path: str, length: int, data: bytes) -> int:
    """Append whole lines to a file, safe on disk; its new length. Raises OSError.

    length: as far as the file is ours (`Ledger.settled_length`); what a crash left behind it is cut off.
    """
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch()
    with target.open("r+b") as file:
        if file.seek(0, os.SEEK_END) < length:
            raise OSError(errno.ESTALE, "it was changed while it was written to", str(target))
        file.truncate(length)
        file.seek(length)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if not length:  # its name must not be lost either, nor those of folders that were made for it
        sync_names(target, root)
    return length + len(data)
