"""The Emitter: what an engine calls. It validates, stamps and journals; it never waits and never raises."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from signaltape.clock import utc_now
from signaltape.contract import check, encode, name_no_number
from signaltape.errors import InvalidEvent, JournalClosed, SettingsError
from signaltape.events import SignalClosed, SignalInvalidated, SignalPublished, SignalTriggered
from signaltape.exits import at_exit, at_exit_of_child
from signaltape.harmless import as_ours, harmless
from signaltape.journal.frame import body_prefix
from signaltape.journal.home import rejects_path
from signaltape.journal.writer import JournalWriter
from signaltape.moments import refuse_broken_minutes
from signaltape.notices import Notices
from signaltape.quick_way import quickly
from signaltape.record_contract import check_record
from signaltape.record_fields import wire_fields
from signaltape.records import RECORDS, OrderLog, StateEvent, TradeLog
from signaltape.rejects import RejectFile
from signaltape.settings import Settings
from signaltape.showing import describe, show
from signaltape.starting import NoShipper, Shipper, start_thread

#: RUN_MODE of an engine whose events really happen. Fed from a replay (REPLAY), its emits must not mix with them.
LIVE_MODE = "LIVE"
#: How long closing may take, and the end of a process, however many emitters it has.
CLOSE_WITHIN_S = 5.0


class _Kind:
    """What the emit path needs to know of one event, computed once."""

    __slots__ = ("name", "prefix", "time_field")

    def __init__(self, name: str, time_field: str) -> None:
        self.name = name
        self.time_field = time_field
        self.prefix = body_prefix(name)


_PUBLISHED, _TRIGGERED, _INVALIDATED, _CLOSED = (
    _Kind(event.EVENT, event.TIME_FIELD)
    for event in (SignalPublished, SignalTriggered, SignalInvalidated, SignalClosed)
)


_RECORD_KINDS = {name: _Kind(name, "timestamp") for name in RECORDS}
#: The two journals of a process: past their common bound the oldest records go before any event.
_EVENTS, _RECORDS = 0, 1
_now = datetime.now


class Emitter:
    """Records what an engine does with its signals.

    settings: default: read from the environment. Off (every call returns False at once) unless
        FEATURE_EVENT_LOGGING is `true`; wrong settings switch it off too, with one line in the log.
    strict: raise SignaltapeError (nothing else) instead of returning False. For tests and tools, not for engines.
    ship: send the journal to Redis from a thread of this process. With False, run `signaltape ship`.

    Every method takes the event's fields as keywords, or a mapping, or both (keywords win), and
    returns True once the event is in the journal: from then on a kill -9 of this process cannot
    lose it. It returns False when logging is off, the event breaks the contract (it then stands in
    the reject file, with the reason), the disk is full, or anything else went wrong, down to a value whose
    own code raises; reasons are logged once per kind and minute and counted in `stats()`. Nothing raises.

    Safe to share between threads, and to call from asyncio: no call waits for the network or a lock
    held over input or output. After a fork, parent and child each write a journal of their own.
    """

    def __init__(self, settings: Settings | None = None, *, strict: bool = False, ship: bool = True) -> None:
        self._strict = strict
        self._notices = Notices()
        self._lock = threading.RLock()  # a signal handler may emit while this thread opens the journal
        self._counts = {"accepted": 0, "refused": 0, "failed": 0, "dropped": 0}
        self._journals: list[JournalWriter | None] = [None, None]
        self._ended: list[JournalWriter] = []
        self._own: list[Path] = []
        self._shipper: Shipper | None = None
        self._closed = False
        self._wants_shipping = ship
        self._settings = self._read_settings(settings)
        self._ship = bool(ship) and self._settings.redis_url is not None
        self._on = self._settings.feature_event_logging and self._settings.run_mode == LIVE_MODE
        if self._settings.feature_event_logging and not self._on:
            self._say(
                "RUN_MODE", f"RUN_MODE={self._settings.run_mode}: what the engine emits is not recorded"
            )
        if self._on:
            _emitters.add(self)

    @quickly(SignalPublished.EVENT, SignalPublished.TIME_FIELD, "rules_version")
    @harmless
    def published(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """A signal was published. Fields: see `signaltape.events.SignalPublished`."""
        return self._emit(_PUBLISHED, event, fields)

    @quickly(SignalTriggered.EVENT, SignalTriggered.TIME_FIELD)
    @harmless
    def triggered(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """Its entry was filled. Fields: see `signaltape.events.SignalTriggered`."""
        return self._emit(_TRIGGERED, event, fields)

    @quickly(SignalInvalidated.EVENT, SignalInvalidated.TIME_FIELD)
    @harmless
    def invalidated(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """It stopped being valid. Fields: see `signaltape.events.SignalInvalidated`."""
        return self._emit(_INVALIDATED, event, fields)

    @quickly(SignalClosed.EVENT, SignalClosed.TIME_FIELD)
    @harmless
    def closed(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """Its position was closed. Fields: see `signaltape.events.SignalClosed`."""
        return self._emit(_CLOSED, event, fields)

    @harmless
    def state(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """The engine changed its state. Fields: see `signaltape.records.StateEvent`, camelCase or snake_case."""
        return self._record(StateEvent.EVENT, event, fields)

    @harmless
    def trade(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """A trade was finished. Fields: see `signaltape.records.TradeLog`; `dateKey` is its WIB day."""
        return self._record(TradeLog.EVENT, event, fields)

    @harmless
    def order(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """An order was placed or changed. Fields: see `signaltape.records.OrderLog`."""
        return self._record(OrderLog.EVENT, event, fields)

    @harmless
    def snapshot(self, kind: str | Enum, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """A part of the engine as it stands: risk, tpsl, execution, health, scoring, regime or feature."""
        named = kind if type(kind) is str else _text(kind)
        return self._record(named and f"{named.removesuffix('_snapshot')}_snapshot", event, fields, kind)

    @harmless
    def market(self, kind: str | Enum, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """What the market did: trade, book or candle (also as MARKET_TRADE, MARKET_BOOK)."""
        named = kind if type(kind) is str else _text(kind)
        return self._record(named and f"market_{named.lower().removeprefix('market_')}", event, fields, kind)

    @harmless
    def record(self, name: str | Enum, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """A record by its name on the wire, such as `state_event`. The methods above are its usual names."""
        return self._record(_text(name), event, fields, name)

    @property
    def enabled(self) -> bool:
        """Whether events are recorded at all."""
        return self._on

    @property
    def journal_folder(self) -> Path | None:
        """The folder of this process's journal of events; None before the first event."""
        journal = self._journals[_EVENTS]
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
        _emitters.discard(self)
        _with_journal.discard(self)
        try:
            return shipper.stop(timeout) if shipper is not None else not journals
        finally:
            for journal in journals:
                journal.close()

    async def aclose(self, timeout: float = CLOSE_WITHIN_S) -> bool:
        """`close` for asyncio: the loop runs on meanwhile."""
        try:
            return await asyncio.to_thread(self.close, timeout)
        except RuntimeError:  # no thread is to be had: the loop waits
            return self.close(timeout)

    def __enter__(self) -> Emitter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Emitter({'on' if self._on else 'off'}, home={str(self._settings.home)!r})"

    def _emit(self, kind: _Kind, event: Mapping[str, Any] | None, fields: dict[str, Any]) -> bool:
        if not self._on:
            return False
        try:
            if event is not None:
                fields = {**event, **fields}
            if fields.get(kind.time_field) is None and fields.get("ts") is None:
                fields[kind.time_field] = _now(UTC)
            if kind is _PUBLISHED and fields.get("rules_version") is None:
                fields["rules_version"] = self._settings.rules_version
            for field in (kind.time_field, "ts"):
                refuse_broken_minutes(field, fields.get(field))
            data = encode(fields)
            check(kind.name, data)
            journal = self._journals[_EVENTS] or self._open_journal(_EVENTS)
            journal.append(kind.prefix + data)
        except InvalidEvent as error:
            return self._refuse(kind.name, fields, error)
        shipper = self._shipper
        if shipper is not None and shipper.idle:
            self._wake(shipper)
        return True

    def _record(
        self, name: str | None, event: Mapping[str, Any] | None, fields: dict[str, Any], asked_for: Any = None
    ) -> bool:
        if not self._on:
            return False
        kind = _RECORD_KINDS.get(name) if name is not None else None
        try:
            if kind is None:
                wanted = show(name if name is not None else asked_for)
                raise InvalidEvent(f"there is no record {wanted}; there are: {', '.join(_RECORD_KINDS)}")
            if event is not None:
                fields = {**event, **fields}
            fields = wire_fields(kind.name, fields, utc_now())
            data = encode(fields)
            check_record(kind.name, data)
            journal = self._journals[_RECORDS] or self._open_journal(_RECORDS)
            journal.append(kind.prefix + data)
        except InvalidEvent as error:
            return self._refuse(kind.name if kind is not None else "record", fields, error)
        shipper = self._shipper
        if shipper is not None and shipper.idle:
            self._wake(shipper)
        return True

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
                events.precede(records)
            _with_journal.add(self)
            with suppress(Exception):  # at worst the next shipper finds the journal
                at_exit_of_child(_close_all)
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

    def _refuse(self, name: str, fields: dict[str, Any], error: InvalidEvent) -> bool:
        self._counts["refused"] += 1
        error = name_no_number(error, fields)
        if self._strict:
            raise error
        self._say(f"refused {name}", f"{name} refused: {error}")
        try:
            journal = self._journals[_EVENTS] or self._open_journal(_EVENTS)
            RejectFile(rejects_path(journal.folder)).keep(utc_now(), name, str(error), fields)
        except Exception as trouble:  # noqa: BLE001 - refused it is all the same
            self._say("reject file", f"a refused event could not be kept: {describe(trouble)}")
        return False

    def _went_wrong(self, name: str, error: Exception) -> None:
        """Count and say what went wrong in a method. What was refused has been counted already."""
        if not isinstance(error, InvalidEvent):
            self._counts["failed"] += 1
            if not self._strict:
                self._say(f"failed {type(error).__name__}", f"{name} not journalled: {describe(error)}")

    def _read_settings(self, settings: Settings | None) -> Settings:
        try:
            if settings is None:
                return Settings.from_env()
            if isinstance(settings, Settings):
                return settings
            raise SettingsError(f"settings must be a Settings, got {show(settings)}")
        except Exception as error:
            if self._strict:
                if isinstance(error, SettingsError):
                    raise
                raise as_ours("settings", error) from error
            self._say("settings", f"event logging is off: {describe(error)}")
            return Settings(feature_event_logging=False)

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


def _text(kind: Any) -> str | None:
    """A kind given as text or as an enumeration of texts, as plain text; None if it is neither."""
    value = kind.value if isinstance(kind, Enum) else kind
    return str.__str__(value) if isinstance(value, str) else None


_emitters: weakref.WeakSet[Emitter] = weakref.WeakSet()
#: Those with a journal: kept even if the engine lets go of them, for what they hold is to be shipped at exit, and a
#: forked child has to let go of their locks.
_with_journal: set[Emitter] = set()


def _after_fork_in_child() -> None:
    for emitter in list(_emitters):
        with suppress(Exception):  # what one does wrong is nothing to the others
            emitter._forget_in_child()


def _close_all() -> None:
    """Close every emitter, within the time that one may take."""
    deadline = time.monotonic() + CLOSE_WITHIN_S
    for emitter in list(_emitters):
        emitter.close(max(0.0, deadline - time.monotonic()))


os.register_at_fork(after_in_child=_after_fork_in_child)
at_exit(_close_all)
