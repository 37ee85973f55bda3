"""Gathers what an engine measures, and has it recorded every ten seconds: one record for each thing measured.

The engine's threads only count, in a lock that is held for a microsecond; what is encoded and journalled is so by a
thread of its own. What was measured since the last record is lost where the engine ends without its exit handlers: by
kill -9, by a SIGTERM that it does not handle, by os._exit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any, Protocol, SupportsFloat

from signaltape.clock import utc_now
from signaltape.contract.measure_records import Measurement
from signaltape.harmless import harmless
from signaltape.measuring.histogram import index_of
from signaltape.measuring.names import MOST_NAMES, OTHER, Names, checked_key, number_of
from signaltape.measuring.series import Series, status_class
from signaltape.own_journals import CLOSE_WITHIN_S, close_at_exit_of_child
from signaltape.showing import describe
from signaltape.starting import TRY_EVERY_S

#: How often what was measured is recorded.
EVERY_S = 10.0
#: What an answer of HTTP is measured as.
HTTP, LATENCY = "http", "latency_ms"


class Tape(Protocol):
    """An Emitter, as its Recorder sees it."""

    _strict: bool
    _recorders: tuple[Recorder, ...]

    @property
    def _lock(self) -> AbstractContextManager[bool]: ...

    @property
    def enabled(self) -> bool:
        """Whether events are recorded at all."""

    def record(self, name: str, event: Mapping[str, Any] | None = None, /) -> bool:
        """Journal a record by its name on the wire."""

    def _is_closed(self) -> bool: ...

    def _say(self, kind: str, message: str) -> None: ...

    def _not_measured(self, error: Exception) -> bool: ...


class Recorder:
    """What an Emitter's engine measures; `recorder_of` gives the one that hooks and `Emitter.measure` share.

    every_s: how often it is recorded. on: whether anything is: not if logging is off, or the Emitter closed.

    Safe to share between threads, in signal handlers, and over a fork: a child begins with nothing. Nothing here
    raises (unless the Emitter is strict), nothing waits for a disk, a network or a flush, and without logging
    nothing is done. Its thread begins with the first value; the Emitter ends it when it is closed.
    """

    def __init__(
        self, tape: Tape, every_s: float = EVERY_S, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._tape, self._every_s, self._clock = tape, every_s, clock
        self._strict = tape._strict
        self.on = tape.enabled and not tape._is_closed()
        self._lock, self._names = threading.RLock(), Names()
        self._series: dict[tuple[str, str, str], Series] = {}
        self._ends: SimpleQueue[None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self.forget_in_child()
        tape._recorders = (*tape._recorders, self)

    @harmless
    def observe(self, kind: str, name: str, figure: str, value: SupportsFloat) -> bool:
        """Count a value of a figure, such as ("ws", "orderflow", "rtt_ms", 12.5). True if it was counted."""
        return self.count(kind, name, figure, value)

    def count(self, kind: str, name: str, figure: str, value: SupportsFloat) -> bool:
        """The same, for callers that see to what is wrong. Raises InvalidEvent, and whatever a value's code raises."""
        if not self.on:
            return False
        number = value if type(value) is float else number_of(value, figure)
        index = index_of(number, figure)
        with self._lock:
            series = self._series.get((kind, name, figure)) or self._opened(kind, name, figure)
            if series is None:
                return False
            series.add(index, number)
        if self._thread is None:
            self._start()
        return True

    @harmless
    def request(self, name: str, status: int, ms: SupportsFloat, request_id: str | None = None) -> bool:
        """Count an answer of HTTP. name: the endpoint's pattern, never the path asked for; ms: how long it took."""
        if not self.on:
            return False
        number = ms if type(ms) is float else number_of(ms, LATENCY)
        index, answered = index_of(number, LATENCY), status_class(status)
        with self._lock:
            series = self._series.get((HTTP, name, LATENCY)) or self._opened(HTTP, name, LATENCY)
            if series is None:
                return False
            series.answered(answered, number, request_id)
            series.add(index, number)
        if self._thread is None:
            self._start()
        return True

    def flush(self) -> int:
        """Record what was measured since the last time. Returns how many records were journalled."""
        now = self._clock()
        with self._lock:
            taken, self._series = self._series, {}
            self._since, self._names.looked = now, False
        if self._names.overflowed:
            self._tape._say(
                "names", f"more than {MOST_NAMES} things are measured: the others are named {OTHER}"
            )
        return sum(self._record(series, now) for series in taken.values())

    def close(self, within_s: float = CLOSE_WITHIN_S) -> None:
        """Record the rest and measure nothing more. within_s: how long to wait for a flush that is under way."""
        self.on = False
        self._flush_unless_busy()  # before the thread is told, which would take it, and may not be waited for
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            self._ends.put(None)
            with suppress(RuntimeError):  # it is about to start
                thread.join(within_s)
        self._flush_unless_busy()

    def forget_in_child(self) -> None:
        """In a forked child: what the parent measured is the parent's, its lock and its thread are not ours."""
        self._lock = threading.RLock()  # a signal handler may measure amid a value of its own thread
        self._series, self._names = {}, Names()
        self._ends, self._thread = SimpleQueue(), None
        self._since, self._start_at, self._busy = self._clock(), 0.0, False

    def _opened(self, kind: str, name: str, figure: str) -> Series | None:
        """None behind the last flush, which would leave it behind: who came beside the end is told so."""
        if not self.on:
            return None
        key = self._names.admit(checked_key(kind, name, figure))
        return self._series.setdefault(key, Series(key, self._since))

    def _record(self, series: Series, until: datetime) -> bool:
        _let_others_go_first()
        with suppress(Exception):  # of a strict Emitter: this is no place where its caller could hear of it
            return self._tape.record(Measurement.EVENT, series.fields(until))
        return False

    def _start(self) -> None:
        """Start the thread, or see to it that a later value tries again."""
        with self._lock:
            if not self.on or self._thread is not None or time.monotonic() < self._start_at:
                return
            self._start_at = time.monotonic() + TRY_EVERY_S
            thread = self._thread = threading.Thread(
                target=self._run, args=(self._ends,), name="signaltape-measuring", daemon=True
            )
        try:
            thread.start()
            close_at_exit_of_child()
        except Exception as error:  # noqa: BLE001 - no thread to be had, the interpreter is ending
            self._thread = None
            self._tape._say("measuring", f"what is measured waits for the end: {describe(error)}")

    def _run(self, ends: SimpleQueue[None]) -> None:
        while True:
            ended = True
            try:
                ends.get(timeout=self._every_s)
            except Empty:
                ended = False
            self._flush_alone()  # if the end did not wait for us it is refused by now, and counted as that
            if ended:
                return

    def _flush_unless_busy(self) -> None:
        if not self._busy:  # else its disk may hang, and would hold us up, too
            self.flush()

    def _flush_alone(self) -> None:
        self._busy = True
        try:
            self.flush()
        except Exception as error:  # noqa: BLE001 - the next one comes; what this one took is told to be lost
            with suppress(Exception):  # of a strict Emitter, which nobody would hear here
                self._tape._not_measured(error)
        self._busy = False

    def _went_wrong(self, name: str, error: Exception) -> None:
        self._tape._not_measured(error)


def _let_others_go_first() -> None:
    """The engine's own threads: else each record in turn would hold them up. That it is refused costs no record."""
    with suppress(OSError):  # libfaketime makes a time in the past of it, which clock_nanosleep does not take
        time.sleep(0)  # lets go of the interpreter, and waits for nothing


def recorder_of(tape: Tape) -> Recorder:
    """The Recorder that all of an Emitter's measurements go to."""
    with tape._lock:
        return tape._recorders[0] if tape._recorders else Recorder(tape)
