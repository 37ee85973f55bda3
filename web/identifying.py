"""Which page an id leads to: of a signal, a record, an entry of the stream, a session, a message."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from replay.operations.sessions import show_session
from signaltape.clock import from_epoch_ms
from signaltape.errors import OperationError
from signaltape.settings import Settings
from sink.pool import Session, one
from sink.queries import load
from web.asking import of_replays
from web.signals import found_by_id, is_id

_SQL = load(Path(__file__).parent / "sql" / "ids.sql")
_ENTRY_ID = re.compile(r"([0-9]{10,15})-[0-9]{1,20}")
_SESSION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
#: A record is made before its entry is streamed: mostly by moments, by days where a journal waited for Redis.
_SOON = (timedelta(minutes=10), timedelta(minutes=1))
_LATE = (timedelta(days=7), timedelta(days=1))


async def page_of_id(session: Session, settings: Settings, text: str) -> str | None:
    """The address of what has this id; None if nothing has. text: as it was typed in."""
    if is_id(text):
        return await _of_uuid(session, str(UUID(text)))
    signal_id = await found_by_id(session, text)
    if signal_id is not None:
        return f"/signals/{signal_id}"
    entry = _ENTRY_ID.fullmatch(text)
    if entry is not None:
        return await _of_entry(session, text, int(entry[1]))
    return await _of_session(settings, text) or await _of_message(session, text)


async def _of_uuid(session: Session, text: str) -> str | None:
    found = await _of_row(session, "signal", {"id": text}, "/signals/{}")
    return found or await _of_row(session, "record", {"id": text}, "/records/{}")


async def _of_entry(session: Session, text: str, time_ms: int) -> str | None:
    """What became of an entry of the stream that is no signal's: a record or a dead letter."""
    at = from_epoch_ms(time_ms)
    for before, behind in (_SOON, _LATE):
        asked = {"text": text, "since": at - before, "until": at + behind}
        found = await _of_row(session, "record_by_entry", asked, "/records/{}") or await _of_row(
            session, "letter_by_entry", asked, "/quality/dead-letters/{}"
        )
        if found is not None:
            return found
    return None


async def _of_session(settings: Settings, text: str) -> str | None:
    if not _SESSION_ID.fullmatch(text):
        return None
    try:
        manifest = await of_replays(show_session, settings, text)
    except OperationError:
        return None
    return f"/replay/{manifest.session_id}"


async def _of_message(session: Session, text: str) -> str | None:
    if _NUMBER.fullmatch(text):
        return await _of_row(session, "message", {"number": int(text)}, "/messages/{}")
    return await _of_row(session, "message_by_key", {"text": text}, "/messages/{}")


async def _of_row(session: Session, query: str, asked: dict[str, Any], address: str) -> str | None:
    """The address with the one value of the query's row; None without a row."""
    row = await one(session, _SQL[query], asked)
    return address.format(*row.values()) if row else None
