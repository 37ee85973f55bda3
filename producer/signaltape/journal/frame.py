"""The format of one journalled event. Pure functions over bytes.

    length u32 | crc32 u32 | body            padded with zeros to 8 bytes; crc32 is that of the body
    body: route u32 | name length u8 | name | data (JSON)

A length of zero means that nothing was written here yet: the length and checksum go in last, in one
8-byte store, so a reader sees a frame whole or not at all.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple
from zlib import crc32

#: Size of length and checksum.
HEAD_BYTES = 8
_HEAD = struct.Struct("<II")
_BODY_HEAD = struct.Struct("<IB")
_ALIGN = 8
#: Up to this size a flipped bit is looked for and put right (the limit of the checksum's distance).
_MENDABLE_BYTES = 8192

#: Writes length and checksum into a mapped segment: `pack_head_into(segment, offset, length, crc)`.
pack_head_into = _HEAD.pack_into


class Frame(NamedTuple):
    """One journalled event, and the offset where the next frame begins."""

    route: int
    name: bytes
    data: bytes
    end: int


class Gap(Enum):
    """Why there is no frame at an offset."""

    UNWRITTEN = "unwritten"
    DAMAGED = "damaged"


def body_prefix(name: str) -> bytes:
    """The part of a body behind the routing number that is the same for every event of a name."""
    encoded = name.encode("ascii")
    return bytes([len(encoded)]) + encoded


def pack_body(route: int, prefix: bytes, data: bytes) -> bytes:
    """A frame's body."""
    return b"".join((route.to_bytes(4, "little"), prefix, data))


def align(offset: int) -> int:
    """The next offset at which a frame may begin."""
    return (offset + _ALIGN - 1) & -_ALIGN


def padded(length: int) -> int:
    """Bytes that a frame with a body of `length` bytes takes, head and padding included."""
    return align(HEAD_BYTES + length)


def read_frame(segment: memoryview, offset: int) -> Frame | Gap:
    """The frame at `offset`, or why there is none."""
    if offset + HEAD_BYTES > len(segment):
        return Gap.UNWRITTEN
    length, checksum = _HEAD.unpack_from(segment, offset)
    if length == 0:
        return Gap.UNWRITTEN
    end = offset + HEAD_BYTES + length
    if length < _BODY_HEAD.size or end > len(segment):
        return Gap.DAMAGED
    body = bytes(segment[offset + HEAD_BYTES : end])
    if crc32(body) != checksum:
        return Gap.DAMAGED
    return _frame(body, offset)


def _frame(body: bytes, offset: int) -> Frame:
    route, name_length = _BODY_HEAD.unpack_from(body)
    data_at = _BODY_HEAD.size + name_length
    return Frame(route, body[_BODY_HEAD.size : data_at], body[data_at:], offset + padded(len(body)))


def mend(segment: memoryview, offset: int) -> Frame | None:
    """The damaged frame at `offset` with the one bit that flipped put right; None if it was more than that.

    For frames far larger than ours, CRC-32 still tells any two single-bit errors apart (its Hamming
    distance is 4 up to 91,607 bits: Koopman, "32-Bit Cyclic Redundancy Codes for Internet
    Applications", 2002), so a frame that fits again is the frame that was written.
    """
    length, checksum = _HEAD.unpack_from(segment, offset)
    for candidate in (length, *(length ^ (1 << bit) for bit in range(32))):
        end = offset + HEAD_BYTES + candidate
        if not _BODY_HEAD.size < candidate <= _MENDABLE_BYTES or end > len(segment):
            continue
        body = bytearray(segment[offset + HEAD_BYTES : end])
        found = crc32(body)
        if candidate != length:
            if found == checksum:
                return _frame(bytes(body), offset)
            continue
        if (found ^ checksum).bit_count() <= 1 or _flip_back(body, checksum):
            return _frame(bytes(body), offset)
    return None


def _flip_back(body: bytearray, checksum: int) -> bool:
    """Find the one bit whose flip makes the checksum fit, and leave it flipped."""
    for index in range(len(body)):
        for bit in range(8):
            body[index] ^= 1 << bit
            if crc32(body) == checksum:
                return True
            body[index] ^= 1 << bit
    return False


def next_frame_after(segment: memoryview, offset: int) -> int | None:
    """The offset of the first whole frame behind damage at `offset`, or None if there is none."""
    for candidate in _aligned(offset + _ALIGN, len(segment)):
        if isinstance(read_frame(segment, candidate), Frame):
            return candidate
    return None


def _aligned(start: int, stop: int) -> Iterator[int]:
    return iter(range(start, stop - HEAD_BYTES, _ALIGN))
