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
#: Where the event's name begins; behind the quote at its end: where the key of the time stands, where ours end.
_EVENT_AT = len('{"_event":"')
_TS_KEY = b'","_ts":"'
_TS_KEY_AT = len('","_id":"') + 36
_AFTER_NAME = _TS_KEY_AT + len(_TS_KEY) + len("2022-01-17T03:00:00.000000Z") + len('"')


class BadLine(ValueError):
    """What stands there is no line; the message says why."""


class Head(Struct, order=True, gc=False, rename={"event": "_event", "line_id": "_id", "ts": "_ts"}):
    """What is needed to choose and sort a line, without looking at the rest."""

    event: str
    line_id: str
    ts: str
    symbol: str | None = None
    #: of a record its own type; a signal's event may hold anything under this name
    eventType: Any = None  # noqa: N815 - as it is written

    @property
    def at(self) -> datetime:
        """The time as a time."""
        return datetime.fromisoformat(self.ts)

    @property
    def type(self) -> str:
        """The type by which replays choose: a record's own eventType, else the name in capitals."""
        own = self.eventType
        return (
            self.event.upper()
            if self.event in EVENTS or not isinstance(own, str)
            else type_of(self.event, own)
        )


class _Fields(Struct, gc=False):
    symbol: str | None = None
    eventType: Any = None  # noqa: N815 - as it is written


class _Whole(Struct, gc=False):
    payload: _Fields = msgspec.field(name="_payload")


_read_head = msgspec.json.Decoder(Head).decode
_read_fields = msgspec.json.Decoder(_Fields).decode
_read_whole = msgspec.json.Decoder(_Whole).decode
_check_time = datetime.fromisoformat


def read_head(line: bytes) -> Head:
    """The head of a line without its newline. Raises BadLine."""
    try:
        quote = line.find(
            b'"', _EVENT_AT
        )  # where the event's name ends, and all that follows stands at its place
        end = quote + _AFTER_NAME
        if (
            line[quote + _TS_KEY_AT : quote + _TS_KEY_AT + len(_TS_KEY)] == _TS_KEY
            and line.find(b"_", end) < 0
            and line.find(b"\\", end) < 0
            and line.isascii()
            and len(line) <= LONGEST_BYTES
        ):
            try:
                head = _read_head(line)  # no key behind ours can be like one of them
            except msgspec.DecodeError:
                head = _read_carefully(line)
        else:
            head = _read_carefully(line)
        _check_time(head.ts)
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise BadLine(str(error)) from None
    return head


def _read_carefully(line: bytes) -> Head:
    """By what stands in front, whatever the payload holds."""
    front = _front(line)
    line.decode()
    end = front.end()
    if line.startswith(WHOLE, end):
        fields = _read_whole(line).payload
    elif line[end:] == b"}":  # an empty payload, as it was written once
        fields = _Fields()
    else:
        fields = _read_fields(line)
    if b"\\" in line:
        msgspec.json.decode(line)  # an escape that is none would come up with whoever reads the payload
    event, line_id, ts = (part.decode() for part in front.groups()[:3])
    return Head(event, line_id, ts, fields.symbol, fields.eventType)


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
