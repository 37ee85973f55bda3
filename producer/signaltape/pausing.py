"""What an engine reads and hears of control: `paused`, `on_pause`. Control itself is loaded where it is followed."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from signaltape.errors import SettingsError
from signaltape.harmless import harmless
from signaltape.own_journals import CLOSE_WITHIN_S, OwnJournals
from signaltape.showing import describe, show

if TYPE_CHECKING:
    from signaltape.callbacks import Callbacks  # loaded by an Emitter that is on
    from signaltape.control.registry import Following

Call = TypeVar("Call", bound=Callable[[bool], object])
#: A switch that trips sooner would trip at every pause of a garbage collector.
LEAST_FAIL_SAFE_S = 1.0


class Pausable(OwnJournals):
    """Something that control may pause.

    paused: whether all is to stand still. A plain attribute, set by a thread of its own: read it as often as you
        like. False while recording is off, without REDIS_URL, and until control has been heard for the first time.
    control_known: whether it has been heard, in this process or in the one that it was forked from.
    """

    paused = False
    control_known = False
    _following: Following | None = None
    _callbacks: Callbacks | None = None

    def on_pause(self, callback: Call) -> Call:
        """Have `callback(paused)` called whenever `paused` changes; at once, if it is paused now.

        It is called from the thread that sets `paused`, behind it; while it runs nothing more is heard of control, so
        let it be short. Raises nothing. Returns the callback: it can be used as a decorator.
        """
        given: object = callback
        if not callable(given):
            self._say("on_pause", f"on_pause wants a function, got {show(given)}")
        elif self._callbacks is not None:
            self._callbacks.add(callback)
        return callback

    @harmless
    def close(self, timeout: float = CLOSE_WITHIN_S) -> bool:
        """Ship what is journalled, for at most `timeout` seconds, and stop.

        What could not be shipped stays on disk for `signaltape ship` or the next engine start.
        Returns True if nothing was left. Called at exit by itself; calling it twice is harmless.
        """
        try:
            return super().close(timeout)
        finally:
            following, self._following = self._following, None
            if following is not None:
                following.end()

    def _follow_control(self, fail_safe_s: float | None) -> None:
        """Begin to follow it. Raises nothing, unless strict and fail_safe_s is wrong: an engine goes on without."""
        self.paused = self.control_known = False
        seconds = self._checked(fail_safe_s)
        try:
            from signaltape.callbacks import Callbacks
            from signaltape.control.registry import follow

            self._callbacks = Callbacks()
            self._following = follow(self, self._settings, seconds)
        except Exception as error:  # noqa: BLE001 - no thread to be had, settings made by hand
            self._say("control", f"control is not followed, nothing pauses this process: {describe(error)}")

    def _checked(self, fail_safe_s: float | None) -> float | None:
        if fail_safe_s is None:
            return None
        with suppress(TypeError, ValueError, OverflowError):
            seconds = float(fail_safe_s)
            if math.isfinite(seconds) and seconds >= LEAST_FAIL_SAFE_S:
                return seconds
        wrong = f"fail_safe_s must be seconds, at least 1, got {show(fail_safe_s)}"
        if self._strict:
            raise SettingsError(wrong)
        self._say("fail_safe_s", f"{wrong}: it is 1")
        return LEAST_FAIL_SAFE_S
