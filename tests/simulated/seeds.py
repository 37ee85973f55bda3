"""Runs that once broke a promise: each is done again with every test. A line says what it found."""

from __future__ import annotations

from tests.simulation.runs import Run

FOUND: dict[str, Run] = {
    "the journal's bound takes a segment whose events Redis has, and Redis then forgets them": Run(
        "spine", 530233741, 20_694
    ),
    "a stub is begun too late, for its statement began to wait for a lock in time": Run("outbox", 1, 2_200),
    "a chat that moves takes a message away from the sender that holds it": Run("outbox", 4, 2_200),
    "what a week was told is noted apart from the text that tells it": Run("outbox", 2, 300),
    "a sender dies after the clock was set back, and its message waits for the old time": Run(
        "outbox", 9043, 5_000
    ),
}
