"""How far a journal was shipped: a small file, replaced as a whole.

JSON whose last member is the crc32 of all before it. A file without one is of an earlier version.
"""

from __future__ import annotations

from pathlib import Path
from zlib import crc32

import msgspec
from msgspec import Struct

CURSOR_FILE = "cursor.json"
_CHECKSUM = b',"crc32":'


class Anchor(Struct, frozen=True):
    """An entry of ours that Redis must still hold if it forgot nothing since."""

    id: str
    #: crc32 of its data; 0: not known
    checksum: int = 0


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
    #: by stream key: the entry to look for, and how many entries the stream had ever had at the last look
    anchors: dict[str, Anchor] = msgspec.field(default_factory=dict)
    added: dict[str, int] = msgspec.field(default_factory=dict)


class _EarlierCursor(Struct, forbid_unknown_fields=True):
    """A cursor as it was written without a checksum. Whatever else such a file holds is damage."""

    segment: int
    offset: int
    events: int
    run_id: str
    last_ids: dict[str, str]


def read_cursor(folder: Path) -> Cursor:
    """The cursor of a journal; one at its start if nothing was shipped or the file is damaged."""
    return find_cursor(folder) or Cursor()


def find_cursor(folder: Path) -> Cursor | None:
    """The cursor of a journal, one at its start if nothing was shipped; None if the file is damaged."""
    try:
        raw = (folder / CURSOR_FILE).read_bytes()
    except FileNotFoundError:
        return Cursor()
    content, has_checksum, checksum = raw.rpartition(_CHECKSUM)
    try:
        if not has_checksum:
            earlier = msgspec.json.decode(raw, type=_EarlierCursor)
            return msgspec.convert(msgspec.structs.asdict(earlier), Cursor)
        return msgspec.json.decode(raw, type=Cursor) if checksum == b"%d}" % crc32(content) else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def write_cursor(folder: Path, cursor: Cursor) -> None:
    """Replace the cursor in one step: after a crash the old or the new one is there, whole."""
    fresh = folder / f"{CURSOR_FILE}.new"
    content = msgspec.json.encode(cursor)[:-1]
    fresh.write_bytes(b"%b%b%d}" % (content, _CHECKSUM, crc32(content)))
    fresh.rename(folder / CURSOR_FILE)
