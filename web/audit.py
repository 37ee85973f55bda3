"""What was changed over HTTP: who, when, what, in which request."""

from __future__ import annotations

from pathlib import Path

from sink.pool import Session
from sink.queries import load
from web.keys import ApiKey

_SQL = load(Path(__file__).parent / "sql" / "audit.sql")
ANYBODY = "this machine"


def name_of(key: ApiKey | None) -> str:
    """Who it is; without a key whoever is at this machine."""
    return f"{key.name} ({key.key_id})" if key else ANYBODY


async def note(session: Session, key: ApiKey | None, what: str, request_id: str) -> None:
    """Write it down, in the transaction of what is done."""
    await session.execute(_SQL["note"], {"who": name_of(key), "what": what, "request_id": request_id})
