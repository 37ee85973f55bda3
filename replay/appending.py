"""Appending to a file of the archive behind its committed length, whatever became of the file meanwhile."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import BinaryIO

from replay.adoption import whole_length
from replay.atomic import sync_folder

log = logging.getLogger("replay")


def append(root: Path, path: str, length: int, data: bytes) -> int:
    """Append whole lines to a file, safe on disk; its new length. Raises OSError.

    What a crash left behind the committed length is cut off. A file that was deleted, cut or edited from outside is
    gone on with behind its last whole line.
    """
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch()
    with target.open("r+b") as file:
        length = _end(file, path, length)
        file.truncate(length)
        file.seek(length)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if not length:  # its name must not be lost either
        sync_folder(target.parent)
    return length + len(data)


def _end(file: BinaryIO, path: str, length: int) -> int:
    """Where to go on."""
    size = file.seek(0, os.SEEK_END)
    if size >= length and _ends_a_line(file, length):
        if size > length:
            log.info("%s: cut back from %d to %d bytes", path, size, length)
        return length
    end = whole_length(file)
    log.warning(
        "%s was changed from outside: it has %d bytes, %d were written; going on behind its last whole line at %d",
        *(path, size, length, end),
    )
    return end


def _ends_a_line(file: BinaryIO, length: int) -> bool:
    if not length:
        return True
    file.seek(length - 1)
    return file.read(1) == b"\n"
