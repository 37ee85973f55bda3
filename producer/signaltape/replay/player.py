"""The player: a session's events at their own spacing, faster, as fast as possible, or step by step.

Every event is due at a fixed distance from the start, so that small delays never add up; `drift` measures how late
events were handed out.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from msgspec import Struct

from signaltape.clock import utc_now
from signaltape.replay.bad_lines import BadLines
from signaltape.replay.controls import Controls, Pace, refuse_no_speed
from signaltape.replay.mode import Mode, plays
from signaltape.replay.session import Manifest, ReplayEvent, read_events, read_manifest

#: How often controls from outside are looked at, at most this late.
LOOK_EVERY_S = 0.05
#: As fast as possible, controls are looked at once in so many events.
_LOOK_EVERY_EVENTS = 256
_DRIFTS_KEPT = 10_000
#: Longer than any session spans.
_LONGEST_S = 1e9


class PlayerStatus(Struct, kw_only=True, rename="camel"):
    """Where a replay stands. drift: how late events were, in milliseconds (median and worst of the last ones).

    bad_lines: what is no line, of what was read so far; it is left out. speed_factor: None is as fast as possible.
    jumps: loops and seeks.
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
    loop: bool = False
    jumps: int = 0


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
        refuse_no_speed(speed)
        self.folder = folder
        self.manifest: Manifest = read_manifest(folder)
        self.controls = controls or Controls()
        self._pace = Pace(speed, loop)
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
    def speed(self) -> float | None:
        """How many times as fast as it was; None as fast as possible."""
        return self._pace.speed

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
            speed_factor=self.speed,
            loop=self._pace.loop,
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
                if self.speed is None and event.index % _LOOK_EVERY_EVENTS == 0:
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
                self._adopt_pace()
                if not self._pace.loop or (not played and start == 0):
                    return
                start = 0
                self._jumps += 1

    def _wait_s(self, event: ReplayEvent) -> float | None:
        """How long to wait before handing an event out; None: not at all, or it is to be left out."""
        controls = self.controls
        if controls.changed.is_set():
            controls.changed.clear()
            self._adopt_pace()
        if self._pace.speed is not None or event.index % _LOOK_EVERY_EVENTS == 0 or controls.paused:
            self._tell()
        if controls.is_stopped() or controls.seeking:
            return None
        if controls.paused:
            self._anchor = None
            return None if controls.take_step() else LOOK_EVERY_S
        speed = self._pace.speed
        if speed is None:
            return None
        now = time.monotonic()
        if self._anchor is None:
            self._anchor = (now, event.ts)
        began, first = self._anchor
        due = began + (event.ts - first).total_seconds() / speed
        if due > now:
            return min(due - now, LOOK_EVERY_S)
        self._drifts.append(now - due)
        return None

    def _adopt_pace(self) -> None:
        """Go on at the pace that was asked for: what is to come keeps its distance from now, at the new speed."""
        before, self._pace = self._pace, self.controls.take_pace(self._pace)
        if before.speed == self._pace.speed or self._anchor is None:
            return
        if before.speed is None or self._pace.speed is None:
            self._anchor = None
            return
        now, (began, first) = time.monotonic(), self._anchor
        passed_s = min((now - began) * before.speed, _LONGEST_S)
        self._anchor = (now, first + timedelta(seconds=passed_s))

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
