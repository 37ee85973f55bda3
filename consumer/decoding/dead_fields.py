"""A dead letter's fields other than its data: packed so that the entry can be put together again exactly."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


def pack_fields(fields: Mapping[bytes, bytes]) -> bytes:
    """Names and values in order, as a MessagePack array of byte strings."""
    return msgspec.msgpack.encode([part for pair in fields.items() for part in pair])


def unpack_fields(packed: bytes) -> dict[bytes, bytes]:
    """What `pack_fields` packed."""
    if not packed:
        return {}
    flat = msgspec.msgpack.decode(packed, type=list[bytes])
    return dict(zip(flat[::2], flat[1::2], strict=True))
