"""Segment files: a header, then frames. Creating and opening them.

    magic 8 bytes | first event u64 | size u64 | checksum u32 | zeros up to 64 bytes        little-endian

The checksum is the crc32 of what stands before it. Zero means that there is none: so were segments once.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from signaltape.errors import JournalUnavailable
from signaltape.journal.frame import count_frames

MAGIC = b"SIGTAPE1"
#: The header takes this much; frames start behind it.
HEADER_BYTES = 64
_HEADER = struct.Struct("<8sQQ")
_CHECKSUM = struct.Struct("<I")
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
    """The numbers of all segments in a journal, in order. Raises OSError: what cannot be listed may hold some."""
    try:
        paths = list(folder.iterdir())  # glob takes a folder that it may not read for an empty one
    except FileNotFoundError:
        return []
    return sorted(int(path.stem) for path in paths if path.suffix == SUFFIX and path.stem.isdigit())


class Draft(NamedTuple):
    """A segment that nobody sees yet."""

    path: Path
    map: mmap.mmap


def draft_segment(folder: Path, number: int, size: int) -> Draft:
    """Make the file of a segment, with all its blocks allocated, and map it for writing: what takes time.

    number: for the name of the draft; no other draft may have it.
    Raises JournalUnavailable when the disk is full or the folder cannot be written.
    """
    path = segment_path(folder, number).with_suffix(".new")
    try:
        # Never one that is there: it is of the parent, if a signal handler forked us in the midst of this.
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _allocate(fd, size)
            return Draft(path, _map(fd, size))
        except OSError:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(fd)
    except OSError as error:
        raise JournalUnavailable(f"no journal segment in {folder}: {error.strerror}") from error


def publish_segment(draft: Draft, number: int, first_event: int) -> mmap.mmap:
    """Write a draft's header and give it its name: from now on readers see it. Raises JournalUnavailable."""
    folder = draft.path.parent
    draft.map[:HEADER_BYTES] = pack_header(first_event, len(draft.map))
    try:
        draft.path.rename(segment_path(folder, number))
    except OSError as error:
        draft.path.unlink(missing_ok=True)
        raise JournalUnavailable(f"no journal segment in {folder}: {error.strerror}") from error
    draft.map.seek(HEADER_BYTES)
    return draft.map


def pack_header(first_event: int, size: int) -> bytes:
    """The first HEADER_BYTES of a segment."""
    fields = _HEADER.pack(MAGIC, first_event, size)
    return (fields + _CHECKSUM.pack(_checksum(fields))).ljust(HEADER_BYTES, b"\0")


def read_header(segment: memoryview) -> SegmentHeader | None:
    """The header of a mapped segment, one flipped bit put right; None if it is damaged beyond that.

    The frames behind a damaged header may be whole all the same: each has a checksum of its own.
    """
    if len(segment) < HEADER_BYTES:
        return None
    fields = _intact(bytearray(segment[: _HEADER.size]), *_CHECKSUM.unpack_from(segment, _HEADER.size))
    if fields is None:
        return None
    magic, first_event, size = _HEADER.unpack(fields)
    return SegmentHeader(first_event, size) if magic == MAGIC else None


def _checksum(fields: bytes | bytearray) -> int:
    return crc32(fields) or 1  # zero is taken


def _intact(fields: bytearray, checksum: int) -> bytearray | None:
    """The fields as they were written, or None. For so few bytes the checksum tells any two flips apart."""
    if not checksum or (_checksum(fields) ^ checksum).bit_count() <= 1:
        return fields
    for position in range(len(fields) * 8):
        fields[position >> 3] ^= 1 << (position & 7)
        if _checksum(fields) == checksum:
            return fields
        fields[position >> 3] ^= 1 << (position & 7)
    return None


def first_event_of(folder: Path, number: int) -> int | None:
    """The number of the first event of a segment, read from its file; None if it cannot be read."""
    try:
        with segment_path(folder, number).open("rb") as file:
            header = read_header(memoryview(file.read(HEADER_BYTES)))
    except OSError:
        return None
    return header.first_event if header else None


def written_end(folder: Path) -> tuple[int, int]:
    """Where what is written in a journal now ends: its last segment, and the offset behind the last frame there."""
    numbers = segment_numbers(folder)
    if not numbers:
        return 0, 0
    try:
        with segment_path(folder, numbers[-1]).open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    except (FileNotFoundError, ValueError):  # removed meanwhile, or empty
        return numbers[-1], 0
    with mapped:
        return numbers[-1], count_frames(mapped, HEADER_BYTES)[1]


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
