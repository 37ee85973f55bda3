"""All processes together: begun in order, watched, and ended so that nothing is lost."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.live import place
from deploy.live.processes import Child, line_of, start, stop
from deploy.live.settled import await_stored, forget_journals, ship_rest, store_scorecards
from signaltape import Settings

#: The dashboard is there within this time, and the weeks before are stored.
_READY_WITHIN_S, _FILLED_WITHIN_S = 60.0, 180.0
#: How long each step of the end may take: the engine, what the worker has still to store, all others.
_ENGINE_S, _REST_S, _OTHERS_S = 6.0, 5.0, 12.0
_LOOK_EVERY_S = 0.2
_ADDRESS = "signaltape is at "
ENGINE, GHOST, WEB = "engine", "ghost", "web"


class Stage:
    """Starts processes with these settings and this environment. ended: set when all is to end."""

    def __init__(self, settings: Settings, environment: Mapping[str, str], ended: threading.Event) -> None:
        self._settings = settings
        self._environment = environment
        self._ended = ended
        self._place = settings.home / "place.json"
        self._children: list[Child] = []
        self.logs = settings.home / "logs"
        self.logs.mkdir(exist_ok=True)

    @property
    def home(self) -> Path:
        """What belongs to this demo alone lies there."""
        return self._settings.home

    @property
    def dead(self) -> list[Child]:
        """Those that have ended by themselves."""
        return [child for child in self._children if child.ended]

    @property
    def filled(self) -> bool:
        """Whether the weeks before were recorded, now or by an earlier start."""
        found = place.read(self._place)
        return found is not None and found.at is not None

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a process; what it says goes into its log."""
        self._begin(name, command, self.logs / f"{name}.log")

    def start_engine(self, speed: float, days: int) -> None:
        """Start the engine; what it says is for the person who looks."""
        how = ("--place", str(self._place), "--speed", str(speed), "--days", str(days))
        self._begin(ENGINE, (sys.executable, "-m", "deploy.live.engine", *how), None)

    def address(self) -> str | None:
        """Where the dashboard says that it is; None if all is to end. Raises OperationError."""
        web = next(child for child in self._children if child.name == WEB)
        said = line_of(web, _ADDRESS, _READY_WITHIN_S, self._ended.is_set)
        return said and said.removeprefix(_ADDRESS)

    def fill(self) -> int | None:
        """Wait until the weeks before are stored, and store their scorecards: how many. None: not all came."""
        until = time.monotonic() + _FILLED_WITHIN_S
        while not self.filled:
            if self._given_up() or time.monotonic() > until:
                return None
            self._ended.wait(_LOOK_EVERY_S)
        stored = await_stored(self._settings, _FILLED_WITHIN_S, self._given_up)
        return store_scorecards(self._settings) if stored else None

    def watch(self) -> None:
        """Return when all is to end, or a process has ended by itself."""
        while not self._given_up():
            self._ended.wait(_LOOK_EVERY_S)

    def end(self) -> tuple[bool, list[str]]:
        """The engine first, then the ghost has followed and the worker stored what was recorded, then all end.

        Returns whether all was stored, and who had to be killed.
        """
        killed = self._stop(ENGINE, _ENGINE_S)
        shipped = ship_rest(self._settings)
        followed = await_stored(self._settings, _REST_S, lambda: bool(self._dead_but(ENGINE)))
        killed += self._stop(GHOST, _ENGINE_S)
        others = [child for child in self._children if child.name not in (ENGINE, GHOST)]
        shipped = ship_rest(self._settings) and shipped
        rest = await_stored(
            self._settings, _REST_S, lambda: bool(self._dead_but(ENGINE, GHOST)), followed=False
        )
        stored = followed and rest
        if shipped and stored:
            forget_journals(self._settings)
        return shipped and stored, killed + stop(others, _OTHERS_S)

    def _stop(self, name: str, within_s: float) -> list[str]:
        return stop([child for child in self._children if child.name == name], within_s)

    def _dead_but(self, *names: str) -> list[Child]:
        return [child for child in self.dead if child.name not in names]

    def _given_up(self) -> bool:
        return self._ended.is_set() or bool(self.dead)

    def _begin(self, name: str, command: Sequence[str], log: Path | None) -> None:
        self._children.append(start(name, command, self._environment, log))
