"""The replay that feeds this process: which session, and what time it is there."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from signaltape.clock import utc_now
from signaltape.replay.session import ReplayEvent


class Listener(Protocol):
    """Who wants to know when a replay begins and ends."""

    def begin(self, session: str) -> None:
        """A session is played from its beginning, or from further back than it had come."""

    def end(self, reached: datetime | None, *, whole: bool) -> None:
        """It is over. reached: the time of its last event; whole: whether it was played to its end."""


class UnderWay:
    """What feeds this process. Of several feeds the one that began last counts."""

    def __init__(self) -> None:
        self.session: str | None = None
        #: the event that is handed out, or was last; a feed puts it here
        self.event: ReplayEvent | None = None
        self._over = False
        self._listeners: list[Listener] = []

    def begin(self, session: str) -> None:
        """A feed begins, or goes back to an event that does not lie behind the last."""
        self.session, self.event, self._over = session, None, False
        for one in list(self._listeners):
            one.begin(session)

    def end(self, session: str, *, whole: bool) -> None:
        """The feed has ended; what the engine emits afterwards still belongs to the session."""
        if session != self.session:
            return
        self._over = True
        reached = None if self.event is None else self.event.ts
        for one in list(self._listeners):
            one.end(reached, whole=whole)

    def tell(self, listener: Listener) -> None:
        """Tell somebody of replays from now on, and of the one that feeds this process already."""
        self._listeners.append(listener)
        if self.session is not None and not self._over:
            listener.begin(self.session)

    def forget(self, listener: Listener) -> None:
        """Tell somebody no more."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def now(self) -> datetime:
        """The time of the replay; the time of day where none has handed out an event."""
        event = self.event
        return utc_now() if event is None else event.ts


#: That of this process.
UNDER_WAY = UnderWay()
