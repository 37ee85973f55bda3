"""A replay session on disk: its manifest and its events, in order of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from signaltape.errors import NotAllowedNow, NotFound, OperationError
from signaltape.replay.bad_lines import BadLines
from signaltape.replay.line import BadLine, payload_of, read_heads, split

MANIFEST = "manifest.json"
EVENTS = "events.jsonl"


#: What reading a JSON file of others can raise.
UNREADABLE = (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class SessionError(OperationError):
    """A session is not there or cannot be read; the message says which and why."""


class NoSession(SessionError, NotFound):
    """There is no such session."""


class SessionBusy(SessionError, NotAllowedNow):
    """The session is being replayed, or it is not, and what was asked for needs the other."""


class DateRange(Struct, rename={"since": "from", "until": "to"}):
    """A half-open span."""

    since: datetime
    until: datetime


class Manifest(Struct, kw_only=True, rename="camel"):
    """What a session holds and where it came from.

    found: how many events of the span each source held when they were compared; missing: what the one that was
    chosen lacks or may lack, in words; bad_lines: what was no line there and was left out.
    """

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
    found: dict[str, int] = {}
    missing: list[str] = []
    bad_lines: int = 0


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
        return payload_of(self.line)

    @property
    def data(self) -> dict[str, Any]:
        """The fields as they were recorded."""
        fields: dict[str, Any] = msgspec.json.decode(self.payload)
        return fields


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the session in `folder`. Raises SessionError."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise NoSession(f"there is no session {folder.name}") from None
    except UNREADABLE as error:
        raise SessionError(f"session {folder.name} cannot be read: {error}") from None


def read_events(folder: Path, start: int = 0, bad: BadLines | None = None) -> Iterator[ReplayEvent]:
    """The events of a session from number `start` on. Raises SessionError.

    What is no line is left out, its number with it, and noted in `bad`.
    """
    noted = bad or BadLines()

    def note(index: int, error: BadLine) -> None:
        noted.note(f"{folder.name}/{EVENTS}:{index + 1}", error)

    try:
        with (folder / EVENTS).open("rb") as file:
            index = start
            for heads, lines in read_heads(islice(split(file.read), start, None), note, start):
                for head, line in zip(heads, lines, strict=True):
                    if head is not None:
                        yield ReplayEvent(
                            index, head.event, head.type, head.line_id, head.at, head.symbol, line
                        )
                    index += 1
    except FileNotFoundError:
        raise SessionError(f"session {folder.name} has no events") from None
    except OSError as error:
        raise SessionError(f"session {folder.name} cannot be read: {error}") from None
