"""Files that the ledger does not know, or not as they are: what lines stand in them.

It was lost, or restored from an older copy; they were put there or edited by hand; or a crash came before its commit.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

import zstandard

from replay.archive.packed import COMPRESSED, packed_lines
from signaltape.replay.line import BadLine, payload_of, read_head, read_heads, split

#: What of a payload tells other content under the same id.
digest_of = zlib.crc32
_BLOCK = 1 << 16
#: No line has it.
_GAP = b"\0"


#: A mark is a file's number before so many bits of a digest. Older ledgers have the digest alone.
_DIGEST_BITS = 32
_DIGEST = (1 << _DIGEST_BITS) - 1


@lru_cache(maxsize=16_384)
def place_of(path: str) -> int:
    """A number for a file, be it plain or compressed; never 0."""
    return zlib.crc32(path.removesuffix(COMPRESSED).encode()) >> 1 or 1


def mark_of(path: str, digest: int) -> int:
    """What the ledger keeps of a line: which file it is in, and what tells other content."""
    return place_of(path) << _DIGEST_BITS | digest


def place_in(mark: int | None) -> int | None:
    """The file's number in a mark; None if it is not told."""
    return (mark or 0) >> _DIGEST_BITS or None


def same_content(known: int | None, mark: int) -> bool:
    """Whether two marks are of the same content, or that is not known."""
    return known is None or not (known ^ mark) & _DIGEST


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
    """The whole lines from there on, up to what a power cut left unwritten. Raises OSError.

    What else cannot be read somebody wrote there by hand: our own lines may stand behind it.
    """
    file.seek(length)
    end, size = length, os.fstat(file.fileno()).st_size
    for line in split(file.read):
        end += len(line) + 1
        if end > size:  # a last one without its newline
            return
        if _GAP in line:
            return
        with suppress(BadLine):
            yield Known(read_head(line).line_id, digest_of(payload_of(line)), end)


def has_gaps(path: Path) -> bool:
    """Whether a power cut left pieces of a file that were never written: they read as zeros. Raises OSError."""
    with path.open("rb") as file:
        while chunk := file.read(_BLOCK):
            if _GAP in chunk:
                return True
    return False


def without(file: BinaryIO, begin: int, end: int, ids: set[str]) -> Iterator[bytes]:
    """What a file holds up to `end`, but behind `begin` no lines with gaps, nor those of some ids. Raises OSError."""
    file.seek(0)
    for at in range(0, begin, _BLOCK):
        yield file.read(min(_BLOCK, begin - at))
    for line in split(file.read, end - begin):
        if _GAP in line:
            continue
        try:
            if read_head(line).line_id in ids:
                continue
        except BadLine:
            pass  # whoever reads it says so
        yield line + b"\n"
