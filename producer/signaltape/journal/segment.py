"""Segment files: a header, then frames. Creating and opening them."""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path
from typing import NamedTuple

from signaltape.errors import JournalUnavailable

MAGIC = b"SIGTAPE1"
#: The header takes this much; frames start behind it.
HEADER_BYTES = 64
_HEADER = struct.Struct("<8sQQ")
SUFFIX = ".seg"


class SegmentHeader(NamedTuple):
    """What a segment says of itself."""

    #: number (from 0, over the whole journal) of the first event in it
    first_event: int
    #: its size in bytes when it was made
    size: int


def segment_path(folder: Path, number: int) -> Path:
    """The file of segment `number`."""
    return folder / f"{number:08d}{SUFFIX}"


def segment_numbers(folder: Path) -> list[int]:
    """The numbers of all segments in a journal, in order."""
    return sorted(int(path.stem) for path in folder.glob(f"*{SUFFIX}") if path.stem.isdigit())


def create_segment(folder: Path, number: int, size: int, first_event: int) -> mmap.mmap:
    """Make a segment whose blocks are all allocated, and map it for writing.

    The file appears under its name only when its header is in place.
    Raises JournalUnavailable when the disk is full or the folder cannot be written.
    """
    path = segment_path(folder, number)
    fresh = path.with_suffix(".new")
    try:
        fd = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _allocate(fd, size)
            mapped = _map(fd, size)
            mapped[: _HEADER.size] = _HEADER.pack(MAGIC, first_event, size)
            fresh.rename(path)
        finally:
            os.close(fd)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise JournalUnavailable(f"no journal segment in {folder}: {error.strerror}") from error
    return mapped


def read_header(segment: memoryview) -> SegmentHeader | None:
    """The header of a mapped segment, or None if this is no segment of ours."""
    if len(segment) < HEADER_BYTES:
        return None
    magic, first_event, size = _HEADER.unpack_from(segment)
    return SegmentHeader(first_event, size) if magic == MAGIC else None


def first_event_of(folder: Path, number: int) -> int | None:
    """The number of the first event of a segment, read from its file; None if it cannot be read."""
    try:
        with segment_path(folder, number).open("rb") as file:
            header = read_header(memoryview(file.read(HEADER_BYTES)))
    except OSError:
        return None
    return header.first_event if header else None


def last_touched(folder: Path, number: int) -> float | None:
    """When a segment was last written or shipped, in seconds since 1970; None if it is gone."""
    try:
        return segment_path(folder, number).stat().st_mtime
    except FileNotFoundError:
        return None


def _allocate(fd: int, size: int) -> None:
    """Give the file real blocks, so that a full disk is an error here and never a SIGBUS later."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, size)
        return
    block = bytes(65536)  # pragma: no cover - macOS has no posix_fallocate
    for offset in range(0, size, len(block)):
        os.pwrite(fd, block[: size - offset], offset)


def _map(fd: int, size: int) -> mmap.mmap:
    flags = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)  # page faults now, not on emit
    return mmap.mmap(fd, size, flags=flags, prot=mmap.PROT_READ | mmap.PROT_WRITE)
