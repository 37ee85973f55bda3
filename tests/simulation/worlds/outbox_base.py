"""What the world of an outbox consists of, as far as its parts know it."""

from __future__ import annotations

from datetime import date

from outbox.rate_limiter import Limits
from tests.simulation.kernel.asynchronous import SimulatedLoop
from tests.simulation.postgres import Database
from tests.simulation.telegram import Telegram
from tests.simulation.worlds.base import World
from tests.simulation.worlds.programs import Program


class OutboxBase(World):
    """Tables, chats, and what was drawn for this run: what audits, programs and the nemesis may ask for."""

    #: what waits so long in quiet has outlasted the longest waits for a try, a chat and a lease, and all before it
    enough_s = 1_900.0

    database: Database
    telegram: Telegram
    loops: list[SimulatedLoop]
    senders: list[Program]
    limits: Limits
    weeks: list[int]
    #: so many messages may wait before nothing new is put in, and so many weeks are put in again
    most_waiting: int
    last_weeks: int
    lease_s: float
    #: how long messages are of use; in some worlds that is over in the middle of everything
    lifetimes_s: tuple[int, ...]
    #: the chat id that the settings of reporters and senders name, by family
    configured: list[str]
    #: the week that the next report of a family is of, if somebody asks for it by the chat's new id
    asked_again: dict[int, date]
    #: how much of what is put in is alerts
    alerts: float
    #: how much of that is edits of those that were put in
    edits: float
    #: how long a reporter waits before it puts something in
    reporters_wait_s: tuple[float, ...]

    def calm_down(self) -> None:
        """End all troubles that last."""
        raise NotImplementedError
