"""What an outbox says of itself, looked at from outside: whatever is put in is said, and who hears it looks."""

from __future__ import annotations

from tests.simulation.kernel.machines import NS
from tests.simulation.postgres_session import Session
from tests.simulation.worlds.outbox_base import OutboxBase

#: Statements that give a sender something to do, and who has to say so.
_GIVING = ("outbox.enqueue", "outbox.resend", "edits.edit")
#: In quiet nothing else that a sender is at takes longer: an answer on its way, and what follows from it.
_BUSY_S = 100.0


class Hearing:
    """Follows what is said in one world, and who was told of it."""

    def __init__(self, world: OutboxBase) -> None:
        self._world = world
        self._unsaid = False
        #: since when, in true time, sessions know of something that they have not looked at
        self._told_ns: dict[Session, int] = {}
        world.database.on_told = self._told

    def done(self, session: Session, name: str, rows: int) -> None:
        """A statement was carried out that found so many rows."""
        if name in _GIVING and rows > 0:
            self._unsaid = True
        elif name == "outbox.notify":
            self._unsaid = False
        elif name == "outbox.lease":
            self._told_ns.pop(session, None)
        elif session in self._told_ns:  # it may have been held up until now
            self._told_ns[session] = self._world.scheduler.now_ns

    def committed(self, session: Session) -> None:
        """A transaction has ended."""
        if self._unsaid:
            self._unsaid = False
            self._world.fail("said when it is put in", f"{session.process.name} gives without a word")

    def check(self) -> None:
        """Who was told, and lives, has looked since."""
        now_ns = self._world.scheduler.now_ns
        for session, told_ns in list(self._told_ns.items()):
            if session.is_broken or session.process.dead:
                del self._told_ns[session]
            elif session.asks:  # it may be held up for long
                self._told_ns[session] = now_ns
            elif now_ns - max(told_ns, self._world.disturbed_ns) > _BUSY_S * NS:
                self._world.fail(
                    "looks when told", f"{session.process.name} was told at {told_ns / NS:.1f} s"
                )

    def _told(self, session: Session) -> None:
        self._told_ns.setdefault(session, self._world.scheduler.now_ns)
