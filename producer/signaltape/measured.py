"""What an engine measures of itself, by its Emitter. What counts and records it is loaded by an Emitter that is on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, Any, SupportsFloat

from signaltape.errors import InvalidEvent, SignaltapeError
from signaltape.harmless import as_ours, harmless
from signaltape.own_journals import CLOSE_WITHIN_S
from signaltape.pausing import Pausable
from signaltape.showing import describe

if TYPE_CHECKING:
    from signaltape.measuring.recorder import Recorder


#: So long at most the end of an engine waits for a record of measurements that is under way.
_FLUSH_WITHIN_S = 1.0


class Measured(Pausable):
    """Something by which an engine measures itself."""

    _on = False
    _recorders: tuple[Recorder, ...] = ()

    @property
    def enabled(self) -> bool:
        """Whether events are recorded at all."""
        return self._on

    def record(self, name: str | Enum, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """Journal a record by its name on the wire."""
        raise NotImplementedError  # an Emitter's own

    @harmless
    def measure(self, kind: str, name: str, /, **figures: SupportsFloat) -> bool:
        """Count what was measured, such as `measure("ws", "orderflow", rtt_ms=12.5)`, with any number of figures.

        Every ten seconds all of it becomes one record for each kind, name and figure: how many, their sum, least, most
        and last one, and a histogram (`signaltape.contract.measure_records.Measurement`). A figure's unit is the end
        of its name. In a replay nothing is measured. Returns True if all figures were counted.
        """
        if not self._on:
            return False
        if not figures:
            return self._not_measured(InvalidEvent("measure wants a figure, such as rtt_ms=12.5"))
        recorder = self._recorders[0] if self._recorders else self._new_recorder()
        if not recorder.on:
            return False
        try:
            counted = [recorder.count(kind, name, figure, value) for figure, value in figures.items()]
        except Exception as error:  # noqa: BLE001 - counted as what it is: nothing that was to be journalled
            return self._not_measured(error)
        return all(counted)

    @harmless
    def close(self, timeout: float = CLOSE_WITHIN_S) -> bool:
        """Ship what is journalled and what was measured, for at most `timeout` seconds, and stop.

        What could not be shipped stays on disk for `signaltape ship` or the next engine start.
        Returns True if nothing was left. Called at exit by itself; calling it twice is harmless.
        """
        left = timeout
        try:
            left = self._end_measuring(timeout)
        except Exception:  # noqa: BLE001 - whatever was given for `timeout`, all is closed
            with suppress(Exception):
                self._end_measuring(0.0)
        return super().close(left)

    def _end_measuring(self, timeout: float) -> float:
        """Have what was measured recorded. Returns how many of the seconds are left."""
        deadline = time.monotonic() + timeout
        for recorder in self._recorders:
            recorder.close(min(_FLUSH_WITHIN_S, max(0.0, deadline - time.monotonic())))
        return max(0.0, deadline - time.monotonic())

    def _new_recorder(self) -> Recorder:
        from signaltape.measuring.recorder import recorder_of  # loaded by an Emitter that is on

        return recorder_of(self)

    def _not_measured(self, error: Exception) -> bool:
        """Count and say what was not measured. Raises SignaltapeError if strict, else returns False."""
        self._counts["refused"] += 1
        if self._strict:
            raise error if isinstance(error, SignaltapeError) else as_ours("measure", error) from error
        self._say("measure", f"not measured: {describe(error)}")
        return False

    def _forget_in_child(self) -> None:
        super()._forget_in_child()
        for recorder in self._recorders:
            recorder.forget_in_child()
