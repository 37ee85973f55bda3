"""Stands in for the one row in which Postgres keeps control: what `sink.control` asks of it, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import psycopg

from signaltape.control.state import Control, State, is_newer
from tests.simulation.kernel.faults import Faults
from tests.simulation.kernel.machines import Machine
from tests.simulation.kernel.scheduler import Scheduler


class Surroundings(Protocol):
    """What it needs of its world."""

    scheduler: Scheduler
    faults: Faults


class ControlRow:
    """The row. host: its clock; changed: told of each change; epoch: of its first word."""

    def __init__(self, world: Surroundings, host: Machine, changed: Callable[[], None], epoch: int) -> None:
        self._world, self._host, self._changed = world, host, changed
        self.word = Control(state="running", epoch=epoch, by="signaltape")
        self.away = False

    def connect(self, _url: Any, *, name: str = "") -> Session:
        """As `sink.db.connect`."""
        self.touch(f"Postgres ({name})")
        return Session()

    def read(self, _session: Session) -> Control:
        """As `sink.control.read`."""
        self.touch("the row of control")
        return self.word

    def keep(self, _session: Session, control: Control) -> bool:
        """As `sink.control.keep`."""
        self.touch("the row of control")
        is_news = is_newer(control, self.word)
        if is_news:
            self.be(control)
        self._answer()
        return is_news

    def say(self, _session: Session, state: State, by: str, why: str = "", *, above: int = 0) -> Control:
        """As `sink.control.say`."""
        self.touch("the row of control")
        now_ms = self._host.wall_ns // 1_000_000
        epoch = max(self.word.epoch + 1, above + 1, now_ms)
        self.be(Control(state=state, epoch=epoch, by=by, why=why, at_ms=now_ms))
        said = self.word
        self._answer()
        return said

    def touch(self, what: str) -> None:
        """Others may go on here, and the server may be away."""
        self._world.scheduler.pause(what)
        if self.away:
            raise psycopg.OperationalError("the server is away")

    def be(self, control: Control) -> None:
        """This is kept now."""
        self.word = control
        self._changed()

    def _answer(self) -> None:
        if self._world.faults.strikes("commit answer lost"):
            raise psycopg.OperationalError("the connection broke behind a commit")


class Session:
    """A session: nothing but that it can be closed."""

    def close(self) -> None:
        """End it."""
