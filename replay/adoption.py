"""Files that the ledger does not know (it was lost, or they were put there by hand): what lines stand in them."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import zstandard

from signaltape.replay.line import payload_of, read_heads, split

COMPRESSED = ".zst"
#: What of a payload tells other content under the same id.
digest_of = zlib.crc32
_BLOCK = 1 << 16


def whole_length(file: BinaryIO) -> int:
    """The length of a file up to the end of its last whole line. Raises OSError."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - _BLOCK)
        file.seek(start)
        newline = file.read(end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def known_lines(path: Path) -> Iterator[tuple[str, int]]:
    """Id and digest of every line that can be read, compressed or not. Raises OSError."""
    with path.open("rb") as file:
        if path.suffix == COMPRESSED:
            with plain_of(file) as plain:
                try:
                    yield from _known(split(plain.read))
                except zstandard.ZstdError:  # damaged from here on: whoever reads it says so
                    return
        else:
            length = whole_length(file)
            file.seek(0)
            yield from _known(split(file.read, length))


@contextmanager
def plain_of(file: BinaryIO) -> Iterator[zstandard.ZstdDecompressionReader]:
    """The content of a compressed file, however many frames it has."""
    unpacker = zstandard.ZstdDecompressor()
    with unpacker.stream_reader(file, read_across_frames=True, closefd=False) as plain:
        yield plain


def _known(lines: Iterator[bytes]) -> Iterator[tuple[str, int]]:
    for heads, group in read_heads(lines, lambda _number, _error: None):
        for head, line in zip(heads, group, strict=True):
            if head is not None:
                yield head.line_id, digest_of(payload_of(line))
