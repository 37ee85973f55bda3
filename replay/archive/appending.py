"""Appending to a file of the archive behind its committed length."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from replay.archive.atomic import alone_in, sync_names
from replay.archive.ledger_file import inode_of


def append(root: Path, path: str, length: int, data: bytes, inode: int | None) -> int:
    """Append whole lines to a file, safe on disk; its new length. Raises OSError.

    length: as far as the file is ours (`Ledger.settled_length`); what a crash left behind it is cut off.
    inode: of the ledger that says so. If it was deleted meanwhile, others with a new one do not wait for us: what they
    have behind that length is theirs.
    """
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch()
    with alone_in(target):  # nobody takes it over, or appends to it, before this is done
        if inode_of(root) != inode:
            raise OSError(errno.ESTALE, "the ledger was deleted or replaced amid a batch", str(root))
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
