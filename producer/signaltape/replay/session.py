"""A replay session on disk: its manifest and its events, in order of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from signaltape.errors import SignaltapeError
from signaltape.records import type_of

MANIFEST = "manifest.json"
EVENTS = "events.jsonl"


class SessionError(SignaltapeError):
    """A session is not there or cannot be read; the message says which and why."""


class DateRange(Struct, rename={"since": "from", "until": "to"}):
    """A half-open span."""

    since: datetime
    until: datetime


class Manifest(Struct, kw_only=True, rename="camel"):
    """What a session holds and where it came from."""

    session_id: str
    created_at: datetime
    created_by: str
    source_date_range: DateRange
    symbols: list[str]
    event_types: list[str]
    speed_factor: float = 1.0
    notes: str = ""
    total_events: int
    source: str
    sha256: str


class ReplayEvent(Struct, frozen=True, gc=False):
    """One event of a session. `line` is the whole line; `payload` what was recorded, `data` the same decoded."""

    index: int
    event: str
    type: str
    event_id: str
    ts: datetime
    symbol: str | None
    line: bytes

    @property
    def payload(self) -> bytes:
        """The JSON object as it was recorded, without what the archive put in front of it."""
        return b"{" + self.line[self.line.index(_END_OF_HEAD) + len(_END_OF_HEAD) :]

    @property
    def data(self) -> dict[str, Any]:
        """The fields as they were recorded."""
        fields: dict[str, Any] = msgspec.json.decode(self.payload)
        return fields


#: The head ends with the time: `…,"_ts":"2022-01-17T03:00:00.000000Z",`.
_END_OF_HEAD = b'Z",'


class _Head(Struct, rename={"event": "_event", "event_id": "_id", "ts": "_ts", "event_type": "eventType"}):
    event: str
    event_id: str
    ts: datetime
    symbol: str | None = None
    event_type: str | None = None


_HEAD = msgspec.json.Decoder(_Head)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the session in `folder`. Raises SessionError."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise SessionError(f"there is no session {folder.name}") from None
    except (OSError, msgspec.MsgspecError) as error:
        raise SessionError(f"session {folder.name} cannot be read: {error}") from None


def read_events(folder: Path, start: int = 0) -> Iterator[ReplayEvent]:
    """The events of a session from number `start` on. Raises SessionError."""
    try:
        with (folder / EVENTS).open("rb") as file:
            for index, raw in enumerate(file):
                if index < start:
                    continue
                line = raw.rstrip(b"\n")
                head = _HEAD.decode(line)
                kind = type_of(head.event, head.event_type)
                yield ReplayEvent(index, head.event, kind, head.event_id, head.ts, head.symbol, line)
    except FileNotFoundError:
        raise SessionError(f"session {folder.name} has no events") from None
    except (OSError, msgspec.MsgspecError) as error:
        raise SessionError(f"session {folder.name} cannot be read: {error}") from None
