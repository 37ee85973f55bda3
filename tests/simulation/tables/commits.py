"""What was committed: each transaction, and what the entries in it became."""

from __future__ import annotations

from typing import NamedTuple

#: What one entry became: `stored`, `duplicate`, `conflict` or `dead`.
STORED, DUPLICATE, CONFLICT, DEAD = "stored", "duplicate", "conflict", "dead"


class Fate(NamedTuple):
    """One entry, and what it became."""

    stream: str
    entry_id: str
    became: str


class Commit:
    """One transaction that was committed. session: its number; answered: whether the client heard of it."""

    def __init__(self, session: int, fates: tuple[Fate, ...]) -> None:
        self.session = session
        self.fates = fates
        self.answered = False

    def __repr__(self) -> str:
        told = "" if self.answered else ", unanswered"
        return f"Commit(session {self.session}, {len(self.fates)} entries{told})"
