"""Compressed files of the archive: frames, one behind another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

from signaltape.replay.line import split

COMPRESSED = ".zst"
_READ_BYTES = 1 << 14


def packed_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a compressed file. Raises OSError; ZstdError where it is damaged, or cut amid a frame."""
    chunks = plain_chunks(file)
    return split(lambda _size: next(chunks, b""))


def plain_chunks(file: BinaryIO) -> Iterator[bytes]:
    """What a compressed file holds, as `packed_lines` reads it. None of the chunks is empty."""
    unpacker = zstandard.ZstdDecompressor()
    frame, begun = unpacker.decompressobj(), False
    while chunk := file.read(_READ_BYTES):
        while chunk:
            begun = True
            if plain := frame.decompress(chunk):
                yield plain
            chunk = b""
            if frame.eof:
                chunk = frame.unused_data
                frame, begun = unpacker.decompressobj(), False
    if begun:
        raise zstandard.ZstdError("it is cut off amid a frame")


def check_whole(path: Path) -> None:
    """Raise OSError or ZstdError for a damaged file: what is added to it could not be read."""
    if path.exists():
        with path.open("rb") as file:
            for _ in plain_chunks(file):
                pass


def pack(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines, with their newlines, as one frame."""
    packer = zstandard.ZstdCompressor(level=9, write_checksum=True).compressobj()
    for line in lines:
        yield packer.compress(line)
    yield packer.flush()
