"""A connection as the server sees it."""

from __future__ import annotations

from typing import NamedTuple


class Waiting(NamedTuple):
    """A command that waits for data."""

    argv: list[bytes]
    keys: frozenset[bytes]
    #: when its time is over; None: never
    deadline_ms: int | None


class Client:
    """The state of one connection."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.database = 0
        self.name = b""
        self.user = "default"
        #: what it waits for, if it is blocked
        self.waiting: Waiting | None = None
