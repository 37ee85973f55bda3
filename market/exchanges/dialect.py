"""What differs between the websockets of providers; how one is kept (`line.py`) is the same for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from market.exchanges.base import Message

#: Reads one frame: the messages in it. Raises Unreadable, or StreamEnded where the frame says goodbye.
Reader = Callable[[str, int], Sequence[Message]]


class Dialect(Protocol):
    """How one websocket of a provider is talked to. Stateless: what must be remembered is in its reader."""

    #: Below the base URL of the provider's websockets.
    path: str
    #: The text that asks whether somebody is there; None: the websocket's own ping.
    ping: str | None
    #: So many topics fit into one request.
    most_topics: int
    #: So many requests are allowed on one connection.
    most_requests: int

    def topics(self, instrument: str) -> tuple[str, ...]:
        """What is subscribed to for an instrument, as the provider calls it."""

    def subscribe(self, topics: Sequence[str]) -> str:
        """The text of a request."""

    def unsubscribe(self, topics: Sequence[str]) -> str:
        """The text of a request."""

    def reader(self) -> Reader:
        """A new one, for the life of one connection."""
