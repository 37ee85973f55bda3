"""How far a journal was shipped: a small file, replaced as a whole."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

CURSOR_FILE = "cursor.json"


class Cursor(Struct, kw_only=True):
    """The place up to which Redis has acknowledged every event of a journal."""

    #: segment and byte offset of the next event to ship (offset 0: the segment's first)
    segment: int = 0
    offset: int = 0
    #: events shipped so far, over the whole journal
    events: int = 0
    #: the server (its run id) that took them, and the last entry id it gave for each stream key
    run_id: str = ""
    last_ids: dict[str, str] = msgspec.field(default_factory=dict)


def read_cursor(folder: Path) -> Cursor:
    """The cursor of a journal; one at its start if nothing was shipped or the file is damaged."""
    try:
        return msgspec.json.decode((folder / CURSOR_FILE).read_bytes(), type=Cursor)
    except (FileNotFoundError, msgspec.DecodeError):
        return Cursor()


def write_cursor(folder: Path, cursor: Cursor) -> None:
    """Replace the cursor in one step: after a crash the old or the new one is there, whole."""
    fresh = folder / f"{CURSOR_FILE}.new"
    fresh.write_bytes(msgspec.json.encode(cursor))
    fresh.rename(folder / CURSOR_FILE)
