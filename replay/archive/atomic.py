"""Files that are there whole or not at all."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


def write_beside(target: Path, chunks: Iterable[bytes]) -> Path:
    """Write what is to replace `target` into a hidden file beside it; its path. Raises OSError.

    Of what could not be written nothing is left: it may be that the disk is full.
    """
    hidden = target.with_name(f".{target.name}.new")
    try:
        with hidden.open("wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        hidden.unlink(missing_ok=True)
        raise
    return hidden


def replace_file(target: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one. Raises OSError."""
    write_beside(target, [data]).replace(target)


def sync_folder(folder: Path) -> None:
    """Make what was created, moved or deleted in a folder survive a power cut. Raises OSError."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def sync_names(path: Path, top: Path) -> None:
    """Make the name of a file survive a power cut, and those of its folders below `top`. Raises OSError."""
    for folder in path.parents:
        sync_folder(folder)
        if folder == top:
            return


@contextmanager
def alone_in(path: Path) -> Iterator[None]:
    """Let one process after the other do something in a folder, or to a file. Raises OSError."""
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)
