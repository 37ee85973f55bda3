"""How a replay is steered from any thread: pause, resume, seek, step, another pace, stop."""

from __future__ import annotations

import math
import threading
from typing import Any, NamedTuple


class Pace(NamedTuple):
    """How to play: spacing is divided by speed, None as fast as possible; loop: begin anew at the end."""

    speed: float | None
    loop: bool


class Controls:
    """Pause, resume, seek, step, another speed, loop and stop, from any thread."""

    def __init__(self, *, step: bool = False) -> None:
        self.changed = threading.Event()
        self._lock = threading.Lock()
        self._stopped = False
        self._paused = step
        self._steps = 0
        self._seek: int | None = None
        self._pace: dict[str, Any] = {}

    def stop(self) -> None:
        """No event after this."""
        with self._lock:
            self._stopped = True
        self.changed.set()

    def pause(self) -> None:
        """Hold on before the next event."""
        with self._lock:
            self._paused = True
        self.changed.set()

    def resume(self) -> None:
        """Go on, with the same spacing from here; steps that were not taken yet are part of it."""
        with self._lock:
            self._paused = False
            self._steps = 0
        self.changed.set()

    def step(self) -> None:
        """Hand out one event and pause again."""
        with self._lock:
            self._paused = True
            self._steps += 1
        self.changed.set()

    def seek(self, index: int) -> None:
        """Go on from event number `index`."""
        with self._lock:
            self._seek = max(0, index)
        self.changed.set()

    def set_speed(self, speed: float | None) -> None:
        """Go on so many times as fast as it was, None as fast as possible. Raises ValueError for what is no speed."""
        refuse_no_speed(speed)
        self._set(speed=speed)

    def set_loop(self, loop: bool) -> None:
        """Begin anew at the end, or end there."""
        self._set(loop=loop)

    def _set(self, **changes: Any) -> None:
        with self._lock:
            self._pace.update(changes)
        self.changed.set()

    def take_pace(self, pace: Pace) -> Pace:
        """A pace with what was asked to be other, once."""
        if not self._pace:
            return pace
        with self._lock:
            changes, self._pace = self._pace, {}
        return pace._replace(**changes)

    def is_stopped(self) -> bool:
        """Whether it was stopped."""
        return self._stopped

    @property
    def paused(self) -> bool:
        """Whether it is paused."""
        return self._paused

    def take_seek(self) -> int | None:
        """The event to go on from, once."""
        if self._seek is None:  # as good as always, and asked for after every event
            return None
        with self._lock:
            wanted, self._seek = self._seek, None
            return wanted

    def take_step(self) -> bool:
        """Whether one event may be handed out although it is paused; takes it."""
        with self._lock:
            if self._steps:
                self._steps -= 1
                return True
            return False

    @property
    def seeking(self) -> bool:
        """Whether a seek waits."""
        return self._seek is not None


def is_speed(speed: float | None) -> bool:
    """Whether a session can be played so many times as fast; None is as fast as possible."""
    return speed is None or (speed > 0 and math.isfinite(speed))


def refuse_no_speed(speed: float | None) -> None:
    """Raise ValueError for what is no speed."""
    if not is_speed(speed):
        raise ValueError(f"speed must be a number above 0, or None for as fast as possible, got {speed}")
