"""One line of the archive and of a session: the payload as it was sent, with what it is in front.

    {"_event":"trade_log","_id":"…","_ts":"2022-01-17T03:00:00.000000Z", …the payload's own fields…}

The time is UTC with microseconds, so that lines sort as texts.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from signaltape.records import type_of


class Head(Struct, rename={"event": "_event", "line_id": "_id", "ts": "_ts", "event_type": "eventType"}):
    """What is needed to choose and sort a line, without looking at the rest."""

    event: str
    line_id: str
    ts: str
    symbol: str | None = None
    event_type: str | None = None

    @property
    def type(self) -> str:
        """The type by which replays choose."""
        return type_of(self.event, self.event_type)


read_head = msgspec.json.Decoder(Head).decode


def make_line(event: str, line_id: str, ts: str, payload: bytes) -> bytes:
    """A line without its newline. ts: as `sortable` gives it; payload: the JSON object as it was sent."""
    if b"\n" in payload or b"\r" in payload:
        payload = msgspec.json.format(payload, indent=-1)
    if payload[:1] != b"{" or payload[1:2] == b" ":
        payload = b"{" + payload.strip()[1:].lstrip()
    head = f'{{"_event":"{event}","_id":"{line_id}","_ts":"{ts}",'
    return head.encode() + payload[1:]


def sortable(ts: datetime) -> str:
    """An aware time as a text that sorts as times do."""
    text = _encode(ts if ts.tzinfo is UTC else ts.astimezone(UTC))[1:-1].decode()
    return text if len(text) == _WITH_MICROSECONDS else f"{text[:-1]}.000000Z"


_encode = msgspec.json.Encoder().encode  # writes a time ten times as fast as isoformat
_WITH_MICROSECONDS = len("2022-01-17T03:00:00.000000Z")
