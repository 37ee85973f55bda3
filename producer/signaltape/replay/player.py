"""The player: a session's events at their own spacing, faster, as fast as possible, or step by step.

Every event is due at a fixed distance from the start, so that small delays never add up; `drift` measures how late
events were handed out.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from statistics import median

from msgspec import Struct

from signaltape.clock import utc_now
from signaltape.replay.bad_lines import BadLines
from signaltape.replay.mode import Mode, plays
from signaltape.replay.session import Manifest, ReplayEvent, read_events, read_manifest

#: How often controls from outside are looked at, at most this late.
LOOK_EVERY_S = 0.05
#: As fast as possible, controls are looked at once in so many events.
_LOOK_EVERY_EVENTS = 256
_DRIFTS_KEPT = 10_000


class PlayerStatus(Struct, kw_only=True, rename="camel"):
    """Where a replay stands. drift: how late events were, in milliseconds (median and worst of the last ones).

    bad_lines: what is no line, of what was read so far; it is left out. jumps: loops and seeks.
    """

    session_id: str
    running: bool
    paused: bool
    current_event_index: int
    total_events: int
    started_at: datetime | None
    last_event_timestamp: datetime | None
    speed_factor: float | None
    drift_median_ms: float = 0.0
    drift_max_ms: float = 0.0
    pid: int | None = None
    bad_lines: int = 0
    jumps: int = 0


class Controls:
    """Pause, resume, seek, step and stop, from any thread."""

    def __init__(self, *, step: bool = False) -> None:
        self.changed = threading.Event()
        self._lock = threading.Lock()
        self._stopped = False
        self._paused = step
        self._steps = 0
        self._seek: int | None = None

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


class Player:
    """Plays one session.

    folder: of the session; speed: spacing is divided by it, None as fast as possible; loop: begin anew at the end;
    controls: to steer it from outside; look: called now and then (controls of another process, status).
    """

    def __init__(
        self,
        folder: Path,
        *,
        speed: float | None = None,
        loop: bool = False,
        mode: Mode = Mode.ALL,
        controls: Controls | None = None,
        look: Callable[[Player], None] | None = None,
    ) -> None:
        if speed is not None and not (speed > 0 and math.isfinite(speed)):
            raise ValueError(f"speed must be a number above 0, or None for as fast as possible, got {speed}")
        self.folder = folder
        self.manifest: Manifest = read_manifest(folder)
        self.controls = controls or Controls()
        self._speed = speed
        self._loop = loop
        self._mode = mode
        self._look = look
        self.bad = BadLines()
        self._index = self._jumps = 0
        #: whether a part was passed over, since it last began at the beginning
        self.jumped = False
        self._running = False
        self._started_at: datetime | None = None
        self._last: datetime | None = None
        self._anchor: tuple[float, datetime] | None = None
        self._drifts: deque[float] = deque(maxlen=_DRIFTS_KEPT)

    @property
    def status(self) -> PlayerStatus:
        """Where it stands."""
        drifts = list(self._drifts)
        return PlayerStatus(
            session_id=self.manifest.session_id,
            running=self._running,
            paused=self.controls.paused,
            current_event_index=self._index,
            total_events=self.manifest.total_events,
            started_at=self._started_at,
            last_event_timestamp=self._last,
            speed_factor=self._speed,
            drift_median_ms=round(median(drifts) * 1000, 3) if drifts else 0.0,
            drift_max_ms=round(max(drifts) * 1000, 3) if drifts else 0.0,
            bad_lines=self.bad.count,
            jumps=self._jumps,
        )

    def run(self, hand_out: Callable[[ReplayEvent], object]) -> PlayerStatus:
        """Play to the end, or until stopped. Raises SessionError, and whatever `hand_out` raises."""
        try:
            for event in self._events():
                while (wait_s := self._wait_s(event)) is not None:
                    self.controls.changed.wait(wait_s)
                if self._leave(event):
                    continue
                hand_out(event)
                self._note(event)
        finally:
            self._finish()
        return self.status

    async def run_async(self, hand_out: Callable[[ReplayEvent], Awaitable[object] | object]) -> PlayerStatus:
        """`run` for asyncio; `hand_out` may be a coroutine function."""
        try:
            for event in self._events():
                while (wait_s := self._wait_s(event)) is not None:
                    await asyncio.sleep(min(wait_s, LOOK_EVERY_S))
                if self._leave(event):
                    continue
                given = hand_out(event)
                if isinstance(given, Awaitable):
                    await given
                self._note(event)
                if self._speed is None and event.index % _LOOK_EVERY_EVENTS == 0:
                    await asyncio.sleep(0)
        finally:
            self._finish()
        return self.status

    def _events(self) -> Iterator[ReplayEvent]:
        """The events to play, through seeks and loops; ends when stopped."""
        self._running, self._started_at = True, utc_now()
        self._tell()
        start = 0
        while not self.controls.is_stopped():
            self._anchor, self.jumped = None, start > 0
            sought = played = False
            for event in read_events(self.folder, start, self.bad):
                if plays(self._mode, event):
                    played = True
                    yield event
                else:
                    self._index = event.index + 1
                    if (
                        event.index % _LOOK_EVERY_EVENTS == 0
                    ):  # nobody waits for it, and a stop must not either
                        self._tell()
                if self.controls.is_stopped():
                    return
                if (wanted := self.controls.take_seek()) is not None:
                    start, sought = wanted, True
                    self._jumps += 1
                    self._index = min(wanted, self.manifest.total_events)
                    break
            if not sought:
                if not self._loop or (not played and start == 0):
                    return
                start = 0
                self._jumps += 1

    def _wait_s(self, event: ReplayEvent) -> float | None:
        """How long to wait before handing an event out; None: not at all, or it is to be left out."""
        controls = self.controls
        if controls.changed.is_set():
            controls.changed.clear()
        if self._speed is not None or event.index % _LOOK_EVERY_EVENTS == 0 or controls.paused:
            self._tell()
        if controls.is_stopped() or controls.seeking:
            return None
        if controls.paused:
            self._anchor = None
            return None if controls.take_step() else LOOK_EVERY_S
        if self._speed is None:
            return None
        now = time.monotonic()
        if self._anchor is None:
            self._anchor = (now, event.ts)
        began, first = self._anchor
        due = began + (event.ts - first).total_seconds() / self._speed
        if due > now:
            return min(due - now, LOOK_EVERY_S)
        self._drifts.append(now - due)
        return None

    def _leave(self, event: ReplayEvent) -> bool:
        """Whether to leave an event out: stopped, or about to go elsewhere."""
        return self.controls.is_stopped() or self.controls.seeking

    def _note(self, event: ReplayEvent) -> None:
        self._index = event.index + 1
        self._last = event.ts

    def _finish(self) -> None:
        self._running = False
        self._tell()

    def _tell(self) -> None:
        if self._look is not None:
            self._look(self)
