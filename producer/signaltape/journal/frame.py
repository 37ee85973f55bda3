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


def padded(length: int) -> int:
    """Bytes that a frame with a body of `length` bytes takes, head and padding included."""
    return (HEAD_BYTES + length + _ALIGN - 1) & -_ALIGN


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
    route, name_length = _BODY_HEAD.unpack_from(body)
    data_at = _BODY_HEAD.size + name_length
    return Frame(route, body[_BODY_HEAD.size : data_at], body[data_at:], offset + padded(length))


def next_frame_after(segment: memoryview, offset: int) -> int | None:
    """The offset of the first whole frame behind damage at `offset`, or None if there is none."""
    for candidate in _aligned(offset + _ALIGN, len(segment)):
        if isinstance(read_frame(segment, candidate), Frame):
            return candidate
    return None


def _aligned(start: int, stop: int) -> Iterator[int]:
    return iter(range(start, stop - HEAD_BYTES, _ALIGN))
