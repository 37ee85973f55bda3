"""What waits in an outbox while nothing goes wrong, looked at from outside: it comes to its end, and soon."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.simulation.kernel.machines import NS
from tests.simulation.worlds.outbox_base import OutboxBase

LAST = ("sent", "uncertain", "failed", "expired")


class InTime:
    """Follows since when each message waits, by true time."""

    def __init__(self, world: OutboxBase) -> None:
        self._world = world
        #: for how long Telegram asked to be left alone, by the server's clock: since when, and until when
        self._asked_alone: list[tuple[datetime, datetime]] = []
        self._asked_ns: dict[int, int] = {}
        #: when it was last seen to be so
        self._alone_ns = 0
        #: when each message came into its state
        self.since_ns: dict[int, int] = {}
        #: since when nothing goes wrong any more: true time, and the server's clock
        self._healed_ns = 0
        self._healed_at = world.database.now

    def healed(self) -> None:
        """From now on nothing goes wrong."""
        self._healed_ns, self._healed_at = self._world.scheduler.now_ns, self._world.database.now

    def asked(self, number: int) -> None:
        """A message waits from now on: it is new, or is to be sent again, or elsewhere."""
        self._asked_ns[number] = self._world.scheduler.now_ns

    def changed(self, number: int) -> None:
        """A message came into another state."""
        self.since_ns[number] = self._world.scheduler.now_ns

    def left_alone(self, wait_s: float) -> None:
        """Telegram asked for so much time."""
        now = self._world.database.now
        self._asked_alone.append((now, now + timedelta(seconds=wait_s)))

    def check(self, number: int, state: str, not_after: datetime) -> None:
        """How a message stands now."""
        world = self._world
        if state not in LAST:
            now = world.database.now
            # what was said in the future is void
            if any(said <= now < until for said, until in self._asked_alone):
                self._alone_ns = world.scheduler.now_ns
            since_ns = max(self._asked_ns[number], world.disturbed_ns, self._alone_ns)
            waits_s = (world.scheduler.now_ns - since_ns) / NS
            if waits_s > world.enough_s:
                world.fail("sent in time", f"{number} is {state} after {waits_s:.0f} s in quiet")
        elif (
            state == "expired"
            and self.since_ns[number] > self._healed_ns > 0
            and not_after > self._healed_at + timedelta(seconds=world.enough_s)
        ):
            world.fail("sent in time", f"{number} expired at {not_after}, all was well at {self._healed_at}")
