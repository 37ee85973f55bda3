"""The leases of an outbox, looked at from outside: who holds a message decides about it, and nobody else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tests.simulation.postgres_session import Session
from tests.simulation.worlds.outbox_base import OutboxBase

#: Statements by which a sender decides; what it notes as a fact it may note whenever it likes.
_DECISIONS = (
    "outbox.renew_lease",
    "outbox.stub_begun",
    "outbox.stub_not_sent",
    "outbox.stub_gone",
    "outbox.text_begun",
    "outbox.text_not_sent",
    "outbox.whole_begun",
    "outbox.whole_not_sent",
    "outbox.file_state",
    "outbox.postpone",
    "outbox.retry",
    "outbox.finish",
)


class _Lease(NamedTuple):
    """Who holds a message: in its session, by which number, and from when to when by the server's clock."""

    session: Session
    number: int
    renewed_at: datetime
    until: datetime

    def is_of(self, session: Session, number: int) -> bool:
        """Whether a session acts by this lease: what its process could not write in one, it writes in the next."""
        return (self.session.process, self.number) == (session.process, number)

    def lasts(self, now: datetime) -> bool:
        """Whether it holds others off. One that was written in the future does not: the clock was set back."""
        return self.renewed_at <= now <= self.until


class LeaseAudit:
    """Follows the leases of one world."""

    def __init__(self, world: OutboxBase) -> None:
        self._world = world
        self._leases: dict[int, _Lease] = {}
        world.database.is_overtaken = self._is_overtaken

    def done(self, session: Session, name: str, parameters: Any) -> None:
        """A sender's statement found its message."""
        if name in _DECISIONS:
            lease = self._leases.get(parameters["id"])
            if lease is None or not lease.is_of(session, parameters["fencing_token"]):
                self._fail(
                    "who holds it decides", f"{session.process.name} does {name} to {parameters['id']}"
                )
        if name == "outbox.renew_lease":
            self._give(session, parameters["id"], parameters["fencing_token"])

    def leased(self, session: Session, number: int, fencing_token: int) -> None:
        """A sender was given a message."""
        self.changed(session, number, "sending")
        self._give(session, number, fencing_token)

    def changed(self, session: Session, number: int, state: str) -> None:
        """A transaction of a session brought a message into another state, or to another chat."""
        lease = self._leases.get(number)
        if lease is not None and lease.session is not session and lease.lasts(session.database.began_at):
            self._fail(
                "what is held is left alone",
                f"{session.process.name} takes {number} from {lease.session.process.name}, {lease.until}",
            )
        if state != "sending":
            self._leases.pop(number, None)

    def _is_overtaken(self, session: Session) -> bool:
        lease = self._leases.get(session.holding or 0)
        return lease is None or lease.session is not session

    def _give(self, session: Session, number: int, fencing_token: int) -> None:
        now = session.database.began_at
        until = now + timedelta(seconds=self._world.lease_s)
        self._leases[number] = _Lease(session, fencing_token, now, until)

    def _fail(self, invariant: str, text: str) -> None:
        self._world.fail(invariant, text)
