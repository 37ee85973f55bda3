"""The format of one journalled event. Pure functions over bytes.

    length u32 | crc32 u32 | body            padded with zeros to 8 bytes; crc32 is that of the body
    body: zero u32 | name length u8 | name | emitted u64, if marked | data (JSON)

A length of zero means that nothing was written here yet. A frame is written in one copy: a reader in the same
process sees it whole or not at all; one in another process may catch a part of it, which the checksum tells.

The top bit of the name's length marks an event that brought no time. `emitted` then stands before the data: the
moment of emit in nanoseconds since 1970, which the shipper writes into them. (Earlier journals hold a routing
number in place of the zero; it followed from the data.)
"""

# Annotations are no texts here: each would be compiled at import.
import mmap
import struct
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple
from zlib import crc32

#: Size of length and checksum.
HEAD_BYTES = 8
_HEAD = struct.Struct("<II")
_LENGTH = struct.Struct("<I")
_EMITTED = struct.Struct("<Q")
_ALIGN = 8
_NAME_AT = 5
_HAS_EMITTED = 0x80
#: Up to this size a flipped bit is looked for and put right (the limit of the checksum's distance).
_MENDABLE_BYTES = 8192

#: Length and checksum of a body, and the moment of emit, as bytes: for who builds frames without a call to spare.
pack_head = _HEAD.pack
pack_emitted = _EMITTED.pack
#: What fills up a frame, by the last three bits of its body's length.
PADDING = tuple(bytes(-length % _ALIGN) for length in range(_ALIGN))


class Frame(NamedTuple):
    """One journalled event, and the offset where the next frame begins."""

    name: bytes
    data: bytes
    end: int
    #: moment of emit in nanoseconds since 1970, of an event whose data hold no time; else 0
    emitted_ns: int = 0


class Gap(Enum):
    """Why there is no frame at an offset."""

    UNWRITTEN = "unwritten"
    DAMAGED = "damaged"


def body_prefix(name: str, *, emitted: bool = False) -> bytes:
    """What a body begins with, the same for every event of a name.

    emitted: the data will hold no time, and `pack_emitted(ns)` will stand before them.
    """
    encoded = name.encode("ascii")
    return bytes([0, 0, 0, 0, len(encoded) | (_HAS_EMITTED if emitted else 0)]) + encoded


def split_body(body: bytes) -> tuple[bytes, bytes]:
    """The name and the data of a body that `body_prefix` begins and that holds its own time."""
    name_end = _NAME_AT + body[_NAME_AT - 1]
    return body[_NAME_AT:name_end], body[name_end:]


def pack_frame(body: bytes) -> bytes:
    """A whole frame, as it is written."""
    length = len(body)
    return b"".join((pack_head(length, crc32(body)), body, PADDING[length % _ALIGN]))


def padded(length: int) -> int:
    """Bytes that a frame with a body of `length` bytes takes, head and padding included."""
    return (HEAD_BYTES + length + _ALIGN - 1) & -_ALIGN


def count_frames(segment: mmap.mmap, start: int) -> tuple[int, int]:
    """How many frames follow `start`, and where the last of them ends. For the writer, whose frames are whole."""
    count, offset, length_at = 0, start, _LENGTH.unpack_from
    last = len(segment) - HEAD_BYTES
    while offset <= last:
        (length,) = length_at(segment, offset)
        if not length:
            break
        offset += (length + HEAD_BYTES + _ALIGN - 1) & -_ALIGN  # padded(length), without the call
        count += 1
    return count, offset


def read_frame(segment: memoryview, offset: int) -> Frame | Gap:
    """The frame at `offset`, or why there is none."""
    if offset + HEAD_BYTES > len(segment):
        return Gap.UNWRITTEN
    length, checksum = _HEAD.unpack_from(segment, offset)
    if length == 0:
        return Gap.UNWRITTEN
    end = offset + HEAD_BYTES + length
    if length < _NAME_AT or end > len(segment):
        return Gap.DAMAGED
    body = bytes(segment[offset + HEAD_BYTES : end])
    if crc32(body) != checksum:
        return Gap.DAMAGED
    return _frame(body, offset)


def _frame(body: bytes, offset: int) -> Frame:
    marked_length = body[_NAME_AT - 1]
    name_end = _NAME_AT + (marked_length & ~_HAS_EMITTED)
    name, end = body[_NAME_AT:name_end], offset + padded(len(body))
    if not marked_length & _HAS_EMITTED:
        return Frame(name, body[name_end:], end)
    (emitted_ns,) = _EMITTED.unpack_from(body, name_end)
    return Frame(name, body[name_end + _EMITTED.size :], end, emitted_ns)


def mend(segment: memoryview, offset: int) -> Frame | None:
    """The damaged frame at `offset` with the one bit that flipped put right; None if it was more than that.

    For frames far larger than ours, CRC-32 still tells any two single-bit errors apart (its Hamming
    distance is 4 up to 91,607 bits: Koopman, "32-Bit Cyclic Redundancy Codes for Internet
    Applications", 2002), so a frame that fits again is the frame that was written.
    """
    length, checksum = _HEAD.unpack_from(segment, offset)
    for candidate in (length, *(length ^ (1 << bit) for bit in range(32))):
        end = offset + HEAD_BYTES + candidate
        if not _NAME_AT < candidate <= _MENDABLE_BYTES or end > len(segment):
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
