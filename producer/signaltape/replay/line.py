"""One line of the archive and of a session: the payload as it was sent, with what it is in front.

    {"_event":"trade_log","_id":"…","_ts":"2022-01-17T03:00:00.000000Z", …the payload's own fields…}

The time is UTC with microseconds, so that lines sort as texts. A payload that has one of these keys itself stands as a
whole under `_payload`, so that every reader of JSON finds ours, whichever of two equal keys it takes:

    {"_event":"trade_log","_id":"…","_ts":"…","_payload":{ …the payload… }}

Read here by what stands in front, so lines written before there was a `_payload` are read rightly too.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from signaltape.contract.events import EVENTS
from signaltape.contract.records import type_of

#: No line is longer: an event has at most 1 MiB, half as much again as Postgres writes it.
LONGEST_BYTES = 4 * 1024 * 1024
#: Keys that a payload must not show beside ours.
RESERVED = frozenset({"_event", "_id", "_ts", "_payload"})
#: What stands between our keys and a payload that is kept whole.
WHOLE = b'"_payload":'

_FRONT = re.compile(
    rb'\{"_event":"(\w+)","_id":"([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})",'
    rb'"_ts":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z)"([,}])'
)
_CHUNK_BYTES = 1 << 20
#: So many lines are decoded by one call; if one of them is odd, each is read by itself.
_TOGETHER = 256
_BACKSLASH = ord("\\")
#: Ids and times as all of them look with these characters made zeros.
_HEX_TO_ZERO = bytes.maketrans(b"123456789abcdef", b"0" * 15)
_AN_ID = b"00000000-0000-0000-0000-000000000000"
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_A_TIME = b"0000-00-00T00:00:00.000000Z"


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
        if own is None or self.event in EVENTS or not isinstance(own, str):
            return self.event.upper()
        return type_of(self.event, own)


class _Fields(Struct, gc=False):
    symbol: str | None = None
    eventType: Any = None  # noqa: N815 - as it is written


class _Whole(Struct, gc=False):
    payload: _Fields = msgspec.field(name="_payload")


_read_many = msgspec.json.Decoder(Head).decode_lines
_read_fields = msgspec.json.Decoder(_Fields).decode
_read_whole = msgspec.json.Decoder(_Whole).decode
_check_time = datetime.fromisoformat


def read_heads(
    lines: Iterable[bytes], note: Callable[[int, BadLine], object], first: int = 0
) -> Iterator[tuple[list[Head | None], list[bytes]]]:
    """Lines without their newlines, some hundred at a time, with their heads.

    What is no line has none; `note` is called with its number and with why. first: the number of the first line.
    """
    left = iter(lines)
    while group := list(islice(left, _TOGETHER)):
        heads: list[Head | None] = [*(_read_plain(group) or ())]
        if not heads:
            for number, line in enumerate(group, first):
                try:
                    heads.append(read_head(line))
                except BadLine as error:
                    heads.append(None)
                    note(number, error)
        yield heads, group
        first += len(group)


def read_head(line: bytes) -> Head:
    """The head of a line without its newline. Raises BadLine."""
    try:
        return _read_carefully(line)
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise BadLine(str(error)) from None


def _read_plain(lines: list[bytes]) -> list[Head] | None:
    """The heads of lines that are plainly well, decoded by one call; None if one of them needs a closer look.

    Every line begins with `{` and ends with `}`, so each ends what it began (see `consumer.decoding.fast_records`). And
    whichever of two equal keys the decoder took: what it found is what stands in front.
    """
    text = b"\n".join(lines)
    if _BACKSLASH in text or len(text) > LONGEST_BYTES or {line[-1:] for line in lines} != {b"}"}:
        return None
    try:
        heads = _read_many(text)
        if not text.isascii():
            text.decode()  # the decoder does not look at what it skips
        times = [head.ts for head in heads]
        deque(map(_check_time, times), 0)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return None
    if len(heads) != len(lines) or (None in [head.symbol for head in heads] and WHOLE in text):
        return None
    fronts = [f'{{"_event":"{head.event}","_id":"{head.line_id}","_ts":"{head.ts}",' for head in heads]
    found = [line[: len(front)] for line, front in zip(lines, fronts, strict=True)]
    if (
        b"\n".join(found) == "\n".join(fronts).encode()
        and _all_look_like(_AN_ID, [head.line_id for head in heads], _HEX_TO_ZERO)
        and _all_look_like(_A_TIME, times, _DIGITS_TO_ZERO)
    ):
        return heads
    return None


def _all_look_like(one: bytes, texts: list[str], to_zero: bytes) -> bool:
    return "\n".join(texts).encode().translate(to_zero) == b"\n".join([one] * len(texts))


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
    if _BACKSLASH in line:
        msgspec.json.decode(line)  # an escape that is none would come up with whoever reads the payload
    event, line_id, ts = (part.decode() for part in front.groups()[:3])
    _check_time(ts)
    return Head(event, line_id, ts, fields.symbol, fields.eventType)


def payload_of(line: bytes) -> bytes:
    """The JSON object as it was recorded, without what stands in front of it. Raises BadLine."""
    front = _front(line)
    rest = line[front.end() :]
    if front[4] == b"}" or rest == b"}":
        return b"{}"
    if rest.startswith(WHOLE):
        return rest.rstrip()[len(WHOLE) : -1]
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
