"""Reading archive files, compressed or not, up to the length that the ledger knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import zstandard

from replay.ledger import Ledger

COMPRESSED = ".zst"


def archive_files(root: Path, folder: str) -> list[Path]:
    """The files of a folder of the archive, those of sub-folders included, in order of their paths."""
    return sorted(path for path in (root / folder).rglob("*.jsonl*") if not path.name.startswith("."))


def read_lines(root: Path, ledger: Ledger, path: Path) -> Iterator[bytes]:
    """The lines of a file, without newlines. What a crash left behind the committed length is no line."""
    if path.suffix == COMPRESSED:
        with (
            path.open("rb") as file,
            zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True, closefd=False) as plain,
        ):
            yield from _split(plain.read, None)
        return
    with path.open("rb") as file:
        yield from _split(file.read, ledger.length(str(path.relative_to(root))))


def _split(read: object, limit: int | None) -> Iterator[bytes]:
    """Cut what `read(size)` gives into lines, up to `limit` bytes in all."""
    assert callable(read)
    rest = b""
    left = limit
    while left is None or left > 0:
        chunk = read(1 << 20 if left is None else min(1 << 20, left))
        if not chunk:
            return
        left = None if left is None else left - len(chunk)
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        yield from lines
