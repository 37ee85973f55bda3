"""What was changed over HTTP: who, when, what, in which request, and what came of it."""

from __future__ import annotations

from pathlib import Path

from sink.pool import Session, one
from sink.queries import load
from web.keys import ApiKey

_SQL = load(Path(__file__).parent / "sql" / "audit.sql")
#: A line of the audit is cut to this.
_LONGEST = 2000
ANYBODY = "this machine"


def name_of(key: ApiKey | None) -> str:
    """Who it is; without a key whoever is at this machine."""
    return f"{key.name} ({key.key_id})" if key else ANYBODY


async def note(
    session: Session, key: ApiKey | None, what: str, request_id: str, outcome: str | None = "done"
) -> int:
    """Write it down, in the transaction of what is done; with None as outcome, before that is begun. Returns its id."""
    row = await one(
        session,
        _SQL["note"],
        {"who": name_of(key), "what": _kept(what), "request_id": request_id, "outcome": outcome},
    )
    assert row is not None
    return int(row["id"])


async def ended(session: Session, number: int, outcome: str) -> None:
    """Write down what came of it."""
    await session.execute(_SQL["ended"], {"id": number, "outcome": _kept(outcome)})


def _kept(text: str) -> str:
    """A text as Postgres can hold it."""
    shown = text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
