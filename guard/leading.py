"""One guard at work: what it follows, and what it evaluates. What it knows belongs to what is committed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from consumer.batch_size import BatchSize
from consumer.link import RedisError
from consumer.tape_order import TapeReader
from guard.alert_store import AlertStore, remembered
from guard.checks.taking import Checks
from guard.exporting import Exported
from guard.incoming import Measured, read
from guard.model.counting import counted as counted_rules
from guard.model.memory import Memory
from guard.model.slots import Slot
from guard.model.ticking import tick
from guard.remembering import remember
from guard.settings import GuardSettings
from guard.tape_store import TapeStore
from signaltape.emitter import Emitter
from signaltape.notices import Notices
from signaltape.plain_errors import one_line
from signaltape.showing import show
from sink.db import Connection

log = logging.getLogger("guard")

#: Entries of a partition in one transaction, and what they may take together, roughly.
_MOST, _ENOUGH_BYTES = 1_000, 4 * 1024 * 1024
#: Whoever waits for the tape looks at the clock again so often.
_WAIT_MS = 500
#: While Redis is away, it is tried again so often.
_AGAIN_S = 1.0
#: What rules came to is written down for others so often, and what is old forgotten.
_SHOW_EVERY_S, _PRUNE_EVERY_S = 60.0, 3600.0


class _Counted(Protocol):
    entries: int
    measurements: int
    again: int
    ahead: int
    evaluations: int
    began: int
    resolved: int
    open_alerts: int


class Following:
    """Reads the tape into memory and tables.

    make_reader: called again each time that Redis was away. taken: told of each measurement once it is committed.
    """

    def __init__(
        self,
        connection: Connection,
        memory: Memory,
        make_reader: Callable[[], TapeReader],
        clock: Callable[[], datetime],
        counted: _Counted,
        taken: Callable[[Slot], None] = lambda _slot: None,
    ) -> None:
        self._taken = taken
        self._store = TapeStore(connection, counted_rules(memory.rules))
        self._memory, self._make_reader, self._clock = memory, make_reader, clock
        self._counted = counted
        self._size = BatchSize(_MOST, _ENOUGH_BYTES)
        self._reader: TapeReader | None = None
        self._stored: dict[str, str] = {}
        self._positions: dict[str, str] = {}
        self._ahead_ms: int | None = None
        self._notices = Notices()
        remember(self._store, memory, clock())

    def follow(self, stop: threading.Event, due_in_s: Callable[[], float]) -> None:
        """Take what is there until an evaluation is due. Raises DatabaseError, Overtaken.

        At least one step: where evaluating takes longer than its period, the tape is read all the same.
        """
        while not stop.is_set():
            try:
                if not self.step() and due_in_s() > 0:
                    self._wait(max(0.0, min(due_in_s(), _WAIT_MS / 1000)))
            except RedisError as error:
                self._notices.say("Redis", f"Redis is away, nothing is measured: {one_line(error)}")
                self.close()
                stop.wait(min(max(due_in_s(), 0.0), _AGAIN_S))
            if due_in_s() <= 0:
                return

    def step(self) -> bool:
        """Take what is there. Whether more may be. Raises RedisError, DatabaseError, Overtaken."""
        reader = self._reader or self._begun()
        asked_at = self._clock()
        look = reader.look(self._positions, self._size.count)
        self._ahead_ms = look.ahead_ms
        if look.entries:
            self._size.weigh(look.entries)
            measured = self._near(found := read(look.entries))
            new = self._store.commit(measured, self._stored, look.positions, self._clock())
            self._stored = self._positions = look.positions
            for one in found:
                self._memory.lateness.take(one.slot.engine, one.arrived, one.slot.last_at)
            for slot in new:
                self._memory.take(slot)
                self._taken(slot)
            self._count(len(look.entries), len(measured), len(new))
            self._let_go(reader)
        if not look.more:
            self._memory.read_until = asked_at
        return bool(look.entries)

    def close(self) -> None:
        """Let go of Redis; the next step begins anew."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _begun(self) -> TapeReader:
        """Find the place."""
        reader = self._make_reader()
        try:
            self._stored = self._store.positions()
            self._positions = reader.begin(self._stored)
        except BaseException:
            reader.close()
            raise
        for key, position in self._positions.items():
            if position != self._stored.get(key, position):
                log.warning("%s was begun anew behind %s: it is read from its start", key, self._stored[key])
        if lacking := reader.lacking(self._positions):
            log.warning("%s was trimmed before it was read: measurements are missing", ", ".join(lacking))
        self._reader = reader
        return reader

    def _let_go(self, reader: TapeReader) -> None:
        if gone := reader.follow(self._positions):
            log.warning("%s was flushed, or given up while nobody read", ", ".join(gone))
            self._positions = reader.begin(self._positions)

    def _wait(self, within_s: float) -> None:
        if self._reader is None:
            return
        if self._ahead_ms is not None:
            time.sleep(min(self._ahead_ms / 1000, within_s))  # its millisecond is not over
        elif not self._reader.wait(self._positions, int(within_s * 1000)):
            self._let_go(self._reader)

    def _near(self, measured: list[Measured]) -> list[Measured]:
        """Without what is so far ahead that it counts for nothing: that is counted, and said."""
        near = [one for one in measured if not one.is_far_ahead]
        if len(near) < len(measured):
            engine = next(one.slot.engine for one in measured if one.is_far_ahead)
            self._counted.ahead += len(measured) - len(near)
            self._notices.say(
                "ahead", f"the clock of {show(engine)} is far ahead: what it measures does not count"
            )
        return near

    def _count(self, entries: int, measured: int, new: int) -> None:
        self._counted.entries += entries
        self._counted.measurements += new
        self._counted.again += measured - new


class Evaluating:
    """Evaluates all rules when they are due, and writes down what comes of it."""

    def __init__(
        self,
        guard: GuardSettings,
        connection: Connection,
        tape: Emitter,
        clock: Callable[[], datetime],
        by: str,
        counted: _Counted,
        exported: Exported,
    ) -> None:
        self._exported = exported
        self.memory = Memory(guard.rules)
        self._rules, self._connection, self._clock, self._by = guard.rules, connection, clock, by
        self._every_s, self._counted = guard.every_s, counted
        self._tables = TapeStore(connection, ())
        self._alerts = AlertStore(connection, guard.chats, tape)
        self._checks = Checks(guard, remembered(connection))
        self._due = time.monotonic()
        self._show_due = self._prune_due = self._due

    def due_in_s(self) -> float:
        """Seconds until the next evaluation."""
        return self._due - time.monotonic()

    def evaluate(self, postgres_away_s: float) -> None:
        """Evaluate, write down, tell. Raises DatabaseError."""
        self._due = time.monotonic() + self._every_s
        self._alerts.emit()
        now = self._clock()
        self.memory.checks = self._checks.take(self._connection, now, postgres_away_s)
        known = self._alerts.open()
        ticked = tick(self._rules, self.memory, known, self._alerts.snoozes(now), now)
        self._alerts.commit(ticked, self._rules, now, self._by, self._checks.remembered)
        self._exported.evaluated(self.memory, ticked.still_open(known), now)
        self._counted.evaluations += 1
        self._counted.began += len(ticked.began)
        self._counted.resolved += len(ticked.resolved)
        self._counted.open_alerts = len(known) + len(ticked.began) - len(ticked.resolved)
        if ticked.began or ticked.resolved:
            self._alerts.emit()
        if time.monotonic() >= self._show_due:
            self._show_due = time.monotonic() + _SHOW_EVERY_S
            self._alerts.show(ticked.findings, now)
            self._tables.forget_slots(now)
        if time.monotonic() >= self._prune_due:
            self._prune_due = time.monotonic() + _PRUNE_EVERY_S
            self._alerts.put_objectives(self._rules)
            self._tables.prune(now)

    def close(self) -> None:
        """Let go of Redis."""
        self._checks.close()
