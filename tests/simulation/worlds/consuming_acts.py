"""What acts of trouble among consumers have in common: they last, and end when all faults do."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress

from tests.simulation.kernel.machines import Process
from tests.simulation.worlds.consuming_base import ConsumingBase
from tests.simulation.worlds.programs import Program

#: Of so many seconds: what a kind of trouble does.
Act = Callable[[float], None]


class Healed(Exception):
    """Faults have ended: what a trouble would do yet must not happen."""


class Acts:
    """Some kinds of trouble of one world.

    chance: what they draw from.
    """

    def __init__(self, world: ConsumingBase, chance: random.Random) -> None:
        self.world = world
        self.chance = chance

    def spawn(self, act: Callable[[], None]) -> None:
        """Let an act go on beside everything else, until faults end."""
        process = Process(self.world.machine("nowhere"), "trouble")
        process.killable = False

        def run() -> None:
            with suppress(Healed):
                act()

        process.start(run)

    def rest(self, what: str, seconds: float) -> None:
        """Wait in the middle of a trouble. Raises Healed if all have ended meanwhile."""
        self.world.scheduler.sleep(what, seconds)
        if not self.world.faults.active:
            raise Healed

    def last(self, seconds: float, end: Callable[[], None], what: str) -> None:
        """End a trouble after a while."""

        def wait() -> None:
            self.rest("the end of a trouble", seconds)
            self.world.story.tell("world", f"{what} is over")
            end()
            self.world.disturb()

        self.spawn(wait)

    def workers(self) -> list[Program]:
        """Those that run."""
        return [one for one in self.world.supervisor.running() if one.name.startswith("worker")]

    def stop_workers(self) -> None:
        """Ask all of them to stop."""
        for program in self.workers():
            self.world.supervisor.ask_to_stop(program)

    def kill_workers(self) -> None:
        """All of them die."""
        for program in self.workers():
            if program.process is not None:
                program.process.kill()
