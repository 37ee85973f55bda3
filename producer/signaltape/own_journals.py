"""The journals of a process and its shipper: opened at the first event, closed at the end, begun anew after a fork."""

from __future__ import annotations

import os
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from signaltape.clock import utc_now
from signaltape.errors import JournalClosed
from signaltape.exits import at_exit, at_exit_of_child
from signaltape.harmless import harmless
from signaltape.notices import Notices
from signaltape.settings import Settings
from signaltape.showing import describe
from signaltape.starting import NoShipper, Shipper, start_thread

if TYPE_CHECKING:
    from signaltape.journal.writer import JournalWriter  # loaded by an Emitter that is on: see `readying`

#: How long closing may take, and the end of a process, however many emitters it has.
CLOSE_WITHIN_S = 5.0
#: The two journals of a process: past their common bound the oldest records go before any event.
EVENTS, RECORDS = 0, 1


class OwnJournals:
    """What an Emitter writes to. Safe to share between threads; a signal handler may use it amid anything."""

    def __init__(self, settings: Settings, notices: Notices, *, strict: bool, ship: bool) -> None:
        self._settings = settings
        self._notices = notices
        self._strict = strict
        self._lock = threading.RLock()  # a signal handler may emit while this thread opens the journal
        self._counts = {"accepted": 0, "refused": 0, "failed": 0, "dropped": 0}
        self._journals: list[JournalWriter | None] = [None, None]
        self._ended: list[JournalWriter] = []
        self._own: list[Path] = []
        self._shipper: Shipper | None = None
        #: of what carries no engine's name: the end of its JSON, with SIGNALTAPE_ENGINE
        self._engine_tail: bytes | None = None
        self._closed = False
        self._wants_shipping = ship
        self._ship = bool(ship) and settings.redis_url is not None

    @property
    def journal_folder(self) -> Path | None:
        """The folder of this process's journal of events; None before the first event."""
        journal = self._journals[EVENTS]
        return journal.folder if journal is not None else None

    def stats(self) -> dict[str, int]:
        """Counts of this process: accepted, refused (contract), failed (disk and all else), dropped (journal full)."""
        counts = dict(self._counts)
        # In this order: who closes meanwhile moves them from here to there, and each is counted once.
        opened = [journal for journal in self._journals if journal is not None]
        for journal in {*opened, *self._ended}:
            with suppress(Exception):
                counts["accepted"] += journal.events
                counts["dropped"] += journal.dropped
        return counts

    @harmless
    def close(self, timeout: float = CLOSE_WITHIN_S) -> bool:
        """Ship what is journalled, for at most `timeout` seconds, and stop.

        What could not be shipped stays on disk for `signaltape ship` or the next engine start.
        Returns True if nothing was left. Called at exit by itself; calling it twice is harmless.
        """
        with self._lock:
            self._closed = True
            shipper, self._shipper = self._shipper, None
            journals = [journal for journal in self._journals if journal is not None]
            self._ended += journals
            self._journals = [None, None]
        _with_journal.discard(self)  # not from _open: a forked child has to let go of its lock, too
        try:
            return shipper.stop(timeout) if shipper is not None else not journals
        finally:
            for journal in journals:
                journal.close()

    async def aclose(self, timeout: float = CLOSE_WITHIN_S) -> bool:
        """`close` for asyncio: the loop runs on meanwhile."""
        import asyncio  # a quarter of what importing signaltape would take

        try:
            return await asyncio.to_thread(self.close, timeout)
        except RuntimeError:  # no thread is to be had: the loop waits
            return self.close(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wake(self, shipper: Shipper) -> None:
        with suppress(Exception):  # the event is in the journal, whatever becomes of this
            shipper.wake()

    def _opened(self, which: int) -> JournalWriter | None:
        return self._journals[which]

    def _is_closed(self) -> bool:
        return self._closed

    def _open_journal(self, which: int) -> JournalWriter:
        """Open this process's journal of events or of records, and start its shipper, at the first of a kind."""
        with self._lock:
            opened = self._opened(which)
            if opened is not None:
                return opened
            if self._is_closed():
                raise JournalClosed("the emitter is closed")
            from signaltape.journal.writer import JournalWriter

            settings = self._settings
            journal = JournalWriter(
                settings.home,
                segment_bytes=settings.segment_bytes,
                max_bytes=settings.journal_max_bytes,
                clock=utc_now,
            )
            opened_meanwhile = self._opened(which)
            if opened_meanwhile is not None:  # by a signal handler, in this very thread
                journal.close()
                return opened_meanwhile
            if self._is_closed():
                journal.close()
                raise JournalClosed("the emitter is closed")
            self._journals[which] = journal
            self._own.append(journal.folder)
            events, records = self._journals
            if events is not None and records is not None:
                events.evicts_before(records)
            _with_journal.add(self)
            close_at_exit_of_child()
            if self._shipper is None:
                self._start_shipper()
            return journal

    def _start_shipper(self) -> None:
        """Start the shipper, or see to it that a later event tries again. Raises nothing: an event waits for it."""
        with self._lock:
            if self._closed or not (self._shipper is None or isinstance(self._shipper, NoShipper)):
                return
            if not self._ship:
                if self._wants_shipping:
                    self._say("REDIS_URL", "REDIS_URL is not set: events wait in the journal")
                return
            try:
                self._shipper = start_thread(self._settings, self._own)
            except Exception as error:  # noqa: BLE001 - no thread, no memory, the interpreter is ending
                self._shipper = self._shipper or NoShipper(self._start_shipper)
                self._say(
                    "shipper", f"no shipper could be started, events wait in the journal: {describe(error)}"
                )

    def _say(self, kind: str, message: str) -> None:
        with suppress(Exception):  # a handler of the engine's log may raise
            self._notices.say(kind, message)

    def _went_wrong(self, name: str, error: Exception) -> None:
        """Count and say what went wrong in a method."""
        self._counts["failed"] += 1
        if not self._strict:
            self._say(f"failed {type(error).__name__}", f"{name} not journalled: {describe(error)}")

    def _forget_in_child(self) -> None:
        """In a forked child: the parent's journal and thread are not ours; begin anew at the next event."""
        self._lock = threading.RLock()
        self._notices = Notices()
        self._counts = dict.fromkeys(self._counts, 0)
        _with_journal.discard(self)
        shipper, self._shipper = self._shipper, None
        if shipper is not None:
            shipper.forget_in_child()
        journals, self._journals = self._journals, [None, None]
        self._own, self._ended = [], []
        for journal in journals:
            if journal is not None:
                journal.forget_in_child()


def close_at_exit(one: OwnJournals) -> None:
    """Have it closed at the end of this process, and begun anew in a forked child."""
    _open.add(one)


def close_at_exit_of_child() -> None:
    """In a child of multiprocessing, have all Emitters closed at its end."""
    with suppress(Exception):  # at worst the next shipper finds the journal
        at_exit_of_child(_close_all)


def is_open(shipper: object) -> bool:
    """Whether an Emitter with this shipper will be closed at the end of this process."""
    return any(one._shipper is shipper for one in list(_open))


def is_live() -> bool:
    """Whether an Emitter of this process records what it emits as what really happens."""
    settings = (one._settings for one in list(_open) if not one._is_closed())
    return any(one.feature_event_logging and one.run_mode == "LIVE" for one in settings)


_open: weakref.WeakSet[OwnJournals] = weakref.WeakSet()
#: Those with a journal: kept even if the engine lets go of them, for what they hold is to be shipped at exit, and a
#: forked child has to let go of their locks.
_with_journal: set[OwnJournals] = set()


def _after_fork_in_child() -> None:
    for emitter in list(_open):
        with suppress(Exception):  # what one does wrong is nothing to the others
            emitter._forget_in_child()


def _close_all() -> None:
    """Close every emitter, within the time that one may take."""
    deadline = time.monotonic() + CLOSE_WITHIN_S
    for emitter in list(_open):
        emitter.close(max(0.0, deadline - time.monotonic()))


os.register_at_fork(after_in_child=_after_fork_in_child)
at_exit(_close_all)
