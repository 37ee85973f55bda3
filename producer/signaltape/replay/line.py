"""One line of the archive and of a session: the payload as it was sent, with what it is in front.

    {"_event":"trade_log","_id":"…","_ts":"2022-01-17T03:00:00.000000Z", …the payload's own fields…}

The time is UTC with microseconds, so that lines sort as texts. A payload that has one of these keys itself stands as a
whole under `_payload`, so that every reader of JSON finds ours, whichever of two equal keys it takes:

    {"_event":"trade_log","_id":"…","_ts":"…","_payload":{ …the payload… }}

Read here by what stands in front, so lines written before there was a `_payload` are read rightly too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from signaltape.events import EVENTS
from signaltape.records import type_of

#: No line is longer: an event has at most 1 MiB, half as much again as Postgres writes it.
LONGEST_BYTES = 4 * 1024 * 1024
#: Keys that a payload must not show beside ours.
RESERVED = frozenset({"_event", "_id", "_ts", "_payload"})
#: What stands between our keys and a payload that is kept whole.
WHOLE = b'"_payload":'

_FRONT = re.compile(rb'\{"_event":"(\w+)","_id":"([0-9a-f-]{36})","_ts":"([0-9T:.-]{26}Z)"([,}])')
_CHUNK_BYTES = 1 << 20


class BadLine(ValueError):
    """What stands there is no line; the message says why."""


class Head(Struct, frozen=True, gc=False):
    """What is needed to choose and sort a line, without looking at the rest. `at` is `ts` as a time."""

    event: str
    line_id: str
    ts: str
    at: datetime
    symbol: str | None
    event_type: str | None

    @property
    def type(self) -> str:
        """The type by which replays choose: a record's own eventType, else the name in capitals."""
        return self.event.upper() if self.event in EVENTS else type_of(self.event, self.event_type)


class _Fields(Struct, gc=False):
    symbol: str | None = None
    eventType: Any = None  # noqa: N815 - as it is written; a signal's event may hold anything under this name


class _Whole(Struct, gc=False):
    payload: _Fields = msgspec.field(name="_payload")


_read_fields = msgspec.json.Decoder(_Fields).decode
_read_whole = msgspec.json.Decoder(_Whole).decode


def read_head(line: bytes) -> Head:
    """The head of a line without its newline. Raises BadLine."""
    front = _front(line)
    event, line_id, ts, _ = front.groups()
    try:
        at = datetime.fromisoformat(ts.decode())
        if not line.isascii():
            line.decode()
        end = front.end()
        if line.startswith(WHOLE, end):
            fields = _read_whole(line).payload
        elif line[end:] == b"}":  # an empty payload, as it was written once
            fields = _Fields()
        else:
            fields = _read_fields(line)
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise BadLine(str(error)) from None
    kind = fields.eventType if isinstance(fields.eventType, str) else None
    return Head(event.decode(), line_id.decode(), ts.decode(), at, fields.symbol, kind)


def payload_of(line: bytes) -> bytes:
    """The JSON object as it was recorded, without what stands in front of it. Raises BadLine."""
    front = _front(line)
    rest = line[front.end() :]
    if front[4] == b"}" or rest == b"}":
        return b"{}"
    if rest.startswith(WHOLE):
        return rest[len(WHOLE) : -1]
    return b"{" + rest


def _front(line: bytes) -> re.Match[bytes]:
    if len(line) > LONGEST_BYTES:
        raise BadLine(f"longer than {LONGEST_BYTES} bytes")
    front = _FRONT.match(line)
    if front is None:
        raise BadLine("it does not begin with _event, _id and _ts")
    return front


def split(read: Callable[[int], bytes], limit: int | None = None) -> Iterator[bytes]:
    """Cut what `read(size)` gives into lines without newlines, up to `limit` bytes in all.

    A last line without its newline is given too; of one that is too long only as much as tells that it is.
    """
    rest = b""
    left = limit
    while left is None or left > 0:
        chunk = read(_CHUNK_BYTES if left is None else min(_CHUNK_BYTES, left))
        if not chunk:
            break
        left = None if left is None else left - len(chunk)
        lines = chunk.split(b"\n")
        lines[0] = rest + lines[0]
        rest = lines.pop()[: LONGEST_BYTES + 1]
        yield from lines
    if rest:
        yield rest
