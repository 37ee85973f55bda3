"""Reading archive files, compressed or not, up to the length that the ledger knows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from replay.adoption import COMPRESSED, plain_of
from replay.ledger import Ledger
from signaltape.replay.bad_lines import BadLines
from signaltape.replay.line import BadLine, Head, split
from signaltape.replay.line import read_heads as heads_of


def archive_files(root: Path, folder: str) -> list[Path]:
    """The files of a folder of the archive, those of sub-folders included, in order of their paths."""
    return sorted(
        path
        for path in (root / folder).rglob("*.jsonl*")
        if path.suffix in (".jsonl", COMPRESSED) and not path.name.startswith(".") and path.is_file()
    )


def read_lines(root: Path, ledger: Ledger, path: Path) -> Iterator[bytes]:
    """The lines of a file, without newlines. What a crash left behind the committed length is no line.

    Raises OSError, zstandard.ZstdError.
    """
    if path.suffix == COMPRESSED:
        with path.open("rb") as packed, plain_of(packed) as plain:
            yield from split(plain.read)
        return
    file, length = _opened(root, ledger, path)
    with file:
        yield from split(file.read, length)


def read_heads(root: Path, ledger: Ledger, path: Path, bad: BadLines) -> Iterator[tuple[Head | None, bytes]]:
    """As `read_lines`, each with its head. What is no line has none, and is noted in `bad`."""
    name = str(path.relative_to(root))

    def note(number: int, error: BadLine) -> None:
        bad.note(f"{name}:{number}", error)

    for heads, lines in heads_of(read_lines(root, ledger, path), note, 1):
        yield from zip(heads, lines, strict=True)


def _opened(root: Path, ledger: Ledger, path: Path) -> tuple[BinaryIO, int]:
    """A file and the committed length of this very file: retention may put another in its place at any time."""
    name = str(path.relative_to(root))
    while True:
        file = path.open("rb")
        try:
            length = ledger.length(name)
            if ledger.in_transaction:  # nobody else writes meanwhile
                return file, ledger.adopt(name) if length is None else length
            if length is not None and not ledger.planned(name) and _is_still(path, file):
                return file, length
        except BaseException:
            file.close()
            raise
        file.close()
        with ledger.transaction():  # carries out what was planned
            if ledger.length(name) is None and path.exists():
                ledger.adopt(name)


def _is_still(path: Path, file: BinaryIO) -> bool:
    return os.path.samestat(path.stat(), os.fstat(file.fileno()))
