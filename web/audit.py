"""What was changed over HTTP: who, when, what, in which request."""

from __future__ import annotations

from pathlib import Path

from sink.pool import Session
from sink.queries import load
from web.keys import ApiKey

_SQL = load(Path(__file__).parent / "sql" / "audit.sql")


async def note(session: Session, key: ApiKey, what: str, request_id: str) -> None:
    """Write it down, in the transaction of what is done."""
    who = f"{key.name} ({key.key_id})"
    await session.execute(_SQL["note"], {"who": who, "what": what, "request_id": request_id})
