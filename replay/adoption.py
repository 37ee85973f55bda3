"""Files that the ledger does not know, or not as they are: what lines stand in them.

It was lost, or restored from an older copy; they were put there or edited by hand; or a crash came before its commit.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import zstandard

from replay.packed import COMPRESSED, packed_lines
from signaltape.replay.line import BadLine, payload_of, read_head, read_heads, split

#: What of a payload tells other content under the same id.
digest_of = zlib.crc32
_BLOCK = 1 << 16


class Known(NamedTuple):
    """A line that can be read; end: where the one behind it begins."""

    line_id: str
    digest: int
    end: int


def ends_a_line(file: BinaryIO, length: int) -> bool:
    """Whether a line ends there, or the file is not begun. Raises OSError."""
    if not length:
        return True
    file.seek(length - 1)
    return file.read(1) == b"\n"


def whole_length(path: Path) -> int:
    """The length of a file up to the end of its last whole line, safe on disk. Raises OSError.

    A last line that lacks nothing but its newline, as some editors leave it, is given one.
    """
    with path.open("rb") as file:
        end, size = _behind_last_newline(file), file.seek(0, os.SEEK_END)
        file.seek(end)
        rest = file.read()
        os.fsync(file.fileno())
    if not rest or not _is_line(rest):
        return end
    with path.open("r+b") as file:
        file.seek(size)
        file.write(b"\n")
        file.flush()
        os.fsync(file.fileno())
    return size + 1


def _behind_last_newline(file: BinaryIO) -> int:
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - _BLOCK)
        file.seek(start)
        newline = file.read(end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def _is_line(text: bytes) -> bool:
    try:
        read_head(text)
    except BadLine:
        return False
    return True


def known_lines(path: Path) -> Iterator[tuple[str, int]]:
    """Id and digest of every line that can be read, compressed or not. Raises OSError."""
    with path.open("rb") as file:
        try:
            lines = packed_lines(file) if path.suffix == COMPRESSED else split(file.read)
            for heads, group in read_heads(lines, lambda _number, _error: None):
                for head, line in zip(heads, group, strict=True):
                    if head is not None:
                        yield head.line_id, digest_of(payload_of(line))
        except zstandard.ZstdError:  # damaged from here on: whoever reads it says so
            return


def lines_behind(file: BinaryIO, length: int) -> Iterator[Known]:
    """The whole lines from there on, up to the first that cannot be read. Raises OSError."""
    file.seek(length)
    end, size = length, os.fstat(file.fileno()).st_size
    for line in split(file.read):
        end += len(line) + 1
        if end > size:  # a last one without its newline
            return
        try:
            yield Known(read_head(line).line_id, digest_of(payload_of(line)), end)
        except BadLine:
            return
