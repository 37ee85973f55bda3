"""The replay that feeds this process: which session, and what time it is there."""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from signaltape.clock import utc_now
from signaltape.replay.session import UNREADABLE, ReplayEvent

#: In a session's folder: the feed that last began. What is kept of an engine may be of an earlier one.
FED = "fed.json"


class Feed(Struct, frozen=True):
    """A feed that began. at: by the clock of its machine."""

    feed: str
    at: datetime


class Played(Struct, frozen=True):
    """How far a feed came. whole: to the session's end; jumped: not through everything before, for it was sought."""

    reached: datetime | None
    whole: bool
    jumped: bool


class Listener(Protocol):
    """Who wants to know when a replay begins and ends."""

    def begin(self, session: str, feed: Feed) -> None:
        """A session is played from its beginning, or from further back than it had come."""

    def end(self, played: Played) -> None:
        """It is over."""


class UnderWay:
    """What feeds this process. Of several feeds the one that began last counts."""

    def __init__(self) -> None:
        self.session: str | None = None
        #: the event that is handed out, or was last; a feed puts it here
        self.event: ReplayEvent | None = None
        #: whether a feed hands out events
        self.is_playing = False
        self._feed = Feed("", utc_now())
        self._listeners: list[Listener] = []

    def begin(self, session: str) -> Feed:
        """A feed begins, or goes back to an event that does not lie behind the last."""
        self.session, self.event, self.is_playing = session, None, True
        self._feed = Feed(uuid.uuid4().hex, utc_now())
        for one in list(self._listeners):
            one.begin(session, self._feed)
        return self._feed

    def end(self, session: str, *, whole: bool, jumped: bool = False) -> None:
        """The feed has ended; what the engine emits afterwards still belongs to the session."""
        if session != self.session:
            return
        self.is_playing = False
        reached = None if self.event is None else self.event.ts
        for one in list(self._listeners):
            one.end(Played(reached, whole, jumped))

    def tell(self, listener: Listener) -> None:
        """Tell somebody of replays from now on, and of the one that feeds this process already."""
        self._listeners.append(listener)
        if self.session is not None and self.is_playing:
            listener.begin(self.session, self._feed)

    def forget(self, listener: Listener) -> None:
        """Tell somebody no more."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def now(self) -> datetime:
        """The time of the replay; the time of day where none has handed out an event."""
        event = self.event
        return utc_now() if event is None else event.ts


def note_feed(folder: Path, feed: Feed) -> None:
    """Leave word in a session's folder that this feed began. Raises OSError."""
    fresh = folder / f".{FED}.{feed.feed}"
    fresh.write_bytes(msgspec.json.encode(feed))
    fresh.replace(folder / FED)


def last_feed(folder: Path) -> Feed | None:
    """The feed that last began, by the session's folder; None if it does not say."""
    try:
        return msgspec.json.decode((folder / FED).read_bytes(), type=Feed)
    except UNREADABLE:
        return None


#: That of this process.
UNDER_WAY = UnderWay()
