"""What a format has to be able to do; the server (`server.py`) is the same for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.exchanges.market import Event, Market


@dataclass
class Client:
    """One websocket as its server sees it. seen: topics that have had their snapshot."""

    path: str
    topics: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    requests: int = 0


class Refused(Exception):
    """A question over HTTP that is answered with an error of the exchange."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(str(body))
        self.status, self.body = status, body


class Wire(Protocol):
    name: str
    #: Of its websockets.
    paths: tuple[str, ...]

    def hear(self, client: Client, text: str, market: Market) -> Iterable[str]:
        """What is answered to what a client says, and what it is told at once."""

    def push(self, client: Client, event: Event) -> Iterable[str]:
        """An event as this client is told of it; nothing if it has not asked for it."""

    def goodbye(self) -> str | None:
        """The notice before a close, where there is one."""

    def ask(self, path: str, query: Mapping[str, str], market: Market, now_ms: int) -> Any:
        """The answer over HTTP as JSON. Raises Refused; KeyError for a path that there is not."""

    def broken(self) -> Any:
        """The body of a 503."""

    def too_often(self) -> tuple[int, Any]:
        """The status and body for one who asks too often."""

    def coins_of(self, client: Client) -> set[str]:
        """Whose trades it is told of."""
