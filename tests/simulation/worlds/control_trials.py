"""Once all faults have ended: what shows only if several things come one behind the other, by a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from signaltape.control.state import PAUSED, RUNNING, Control, State
from signaltape.stream import control_key
from tests.simulation.kernel.machines import Process
from tests.simulation.worlds.control_nemesis import Troubled, say
from tests.simulation.worlds.streaming import STREAM

#: Longer than any dead man's switch waits, and until all have looked and shown themselves.
_TRIPPED_S, _SHOWN_S = 6.0, 2.0


class Tried(Troubled, Protocol):
    """The world, as far as it is tried."""

    def in_redis(self) -> Control | None: ...

    def is_at_rest(self) -> bool: ...


class ControlTrials:
    """One of them, or none."""

    def __init__(self, world: Tried) -> None:
        self._world = world
        self.is_over = True

    def begin(self) -> None:
        """Draw one, and begin it."""
        trials = (None, None, self._one_number, self._own_pause, self._own_pause_amid_garbage)
        trial = self._world.faults.chance("trials").choice(trials)
        if trial is not None:
            self.is_over = False
            process = Process(self._world.machine("nowhere"), "trial")
            process.killable = False
            process.start(lambda: self._run(trial))

    def _run(self, trial: Callable[[], None]) -> None:
        self._rest()
        self._world.story.tell("world", f"trial:{trial.__name__.replace('_', ' ')}")
        trial()
        self.is_over = True

    def _one_number(self) -> None:
        """A pause at a shell and a resumption by the bot have one number; the pause is lost when all have heard it."""
        row = self._world.row
        row.away = True
        said = self._say(PAUSED)
        self._sleep(_SHOWN_S)
        row.be(Control(state=RUNNING, epoch=said.epoch, by="somebody", at_ms=said.at_ms))
        self._forget()
        row.away = False

    def _own_pause(self) -> None:
        """A word is lost; who shows first that it has heard it was out of reach, and has paused by itself."""
        self._say(RUNNING)
        self._rest()
        self._world.row.away = True
        self._say(RUNNING)
        self._sleep(_SHOWN_S)
        self._trip()
        self._forget()
        self._back()

    def _own_pause_amid_garbage(self) -> None:
        """Who has paused by itself is back, and what it hears then is garbage."""
        self._say(RUNNING)
        self._rest()
        self._world.row.away = True
        self._trip()
        self._world.redis.databases[0].values[control_key(STREAM).encode()] = {b"state": b"?"}
        self._world.lost()
        self._back()

    def _trip(self) -> None:
        self._world.service.unreachable.update(("host-1", "host-2"))
        self._sleep(_TRIPPED_S)

    def _back(self) -> None:
        """Engines first, then Postgres."""
        self._world.service.unreachable.clear()
        self._sleep(_SHOWN_S)
        self._world.row.away = False

    def _forget(self) -> None:
        self._world.redis.flush()
        self._world.lost()

    def _say(self, state: State) -> Control:
        say(self._world.redis, state, self._world.row.word.epoch)
        self._world.changed()
        said = self._world.in_redis()
        assert said is not None
        return said

    def _rest(self) -> None:
        while not self._world.is_at_rest():
            self._sleep(1.0)

    def _sleep(self, seconds: float) -> None:
        self._world.scheduler.sleep("a trial", seconds)
