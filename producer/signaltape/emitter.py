"""The Emitter: what an engine calls. It validates, stamps and journals; it never waits and never raises."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signaltape.clock import utc_now
from signaltape.contract import check, encode
from signaltape.errors import InvalidEvent, JournalClosed, JournalError, SettingsError, SignaltapeError
from signaltape.events import SignalClosed, SignalInvalidated, SignalPublished, SignalTriggered
from signaltape.journal.frame import body_prefix, pack_body
from signaltape.journal.home import rejects_path
from signaltape.journal.writer import JournalWriter
from signaltape.notices import Notices
from signaltape.rejects import RejectFile
from signaltape.settings import Settings
from signaltape.stream import route

if TYPE_CHECKING:
    from signaltape.shipping.thread import ShipperThread


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


class Emitter:
    """Records what an engine does with its signals.

    settings: default: read from the environment. Off (every call returns False at once) unless
        FEATURE_EVENT_LOGGING is `true`.
    strict: raise SignaltapeError instead of returning False. For tests and tools, not for engines.
    ship: send the journal to Redis from a thread of this process. With False, run `signaltape ship`.

    Every method takes the event's fields as keywords, or a mapping, or both (keywords win), and
    returns True once the event is in the journal: from then on a kill -9 of this process cannot
    lose it. It returns False when logging is off, the event breaks the contract (it then stands in
    the reject file, with the reason) or the disk is full; reasons are logged once per kind and minute
    and counted in `stats()`.

    Safe to share between threads, and to call from asyncio: no call waits for the network or a lock
    held over input or output. After a fork, parent and child each write a journal of their own.
    """

    def __init__(self, settings: Settings | None = None, *, strict: bool = False, ship: bool = True) -> None:
        self._strict = strict
        self._notices = Notices()
        self._lock = threading.RLock()  # a signal handler may emit while this thread opens the journal
        self._counts = {"accepted": 0, "refused": 0, "failed": 0}
        self._journal: JournalWriter | None = None
        self._shipper: ShipperThread | None = None
        self._closed = False
        self._settings = self._read_settings(settings)
        self._on = self._settings.feature_event_logging
        self._wants_shipping = ship
        self._ship = ship and self._settings.redis_url is not None
        if self._on:
            _emitters.add(self)

    def published(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """A signal was published. Fields: see `signaltape.events.SignalPublished`."""
        return self._emit(_PUBLISHED, event, fields)

    def triggered(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """Its entry was filled. Fields: see `signaltape.events.SignalTriggered`."""
        return self._emit(_TRIGGERED, event, fields)

    def invalidated(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """It stopped being valid. Fields: see `signaltape.events.SignalInvalidated`."""
        return self._emit(_INVALIDATED, event, fields)

    def closed(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """Its position was closed. Fields: see `signaltape.events.SignalClosed`."""
        return self._emit(_CLOSED, event, fields)

    @property
    def enabled(self) -> bool:
        """Whether events are recorded at all."""
        return self._on

    @property
    def journal_folder(self) -> Path | None:
        """The folder of this process's journal; None before the first event."""
        return self._journal.folder if self._journal is not None else None

    def stats(self) -> dict[str, int]:
        """Counts of this process: accepted, refused (contract), failed (disk), dropped (journal full)."""
        journal = self._journal
        accepted = journal.events if journal is not None else 0
        dropped = journal.dropped if journal is not None else 0
        return {**self._counts, "accepted": self._counts["accepted"] + accepted, "dropped": dropped}

    def close(self, timeout: float = 5.0) -> bool:
        """Ship what is journalled, for at most `timeout` seconds, and stop.

        What could not be shipped stays on disk for `signaltape ship` or the next engine start.
        Returns True if nothing was left. Called at exit by itself; calling it twice is harmless.
        """
        with self._lock:
            self._closed = True
            shipper, self._shipper = self._shipper, None
            journal, self._journal = self._journal, None
        done = shipper.stop(timeout) if shipper is not None else journal is None
        if journal is not None:
            journal.close()
            self._counts["accepted"] += journal.events
        _emitters.discard(self)
        return done

    async def aclose(self, timeout: float = 5.0) -> bool:
        """`close` for asyncio: the loop runs on meanwhile."""
        return await asyncio.to_thread(self.close, timeout)

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
                fields[kind.time_field] = utc_now()
            if kind is _PUBLISHED and fields.get("rules_version") is None:
                fields["rules_version"] = self._settings.rules_version
            data = encode(fields)
            check(kind.name, data)
            journal = self._journal or self._open_journal()
            journal.append(pack_body(route(str(fields["signal_id"])), kind.prefix, data))
        except InvalidEvent as error:
            return self._refuse(kind, fields, error)
        except Exception as error:  # noqa: BLE001 - the signal path must not break, whatever it is
            return self._fail(kind, error)
        shipper = self._shipper
        if shipper is not None and shipper.idle:
            shipper.wake()
        return True

    def _own_journal(self) -> JournalWriter | None:
        return self._journal

    def _open_journal(self) -> JournalWriter:
        """Open this process's journal, and start its shipper, at the first event."""
        with self._lock:
            if self._journal is not None:
                return self._journal
            if self._closed:
                raise JournalClosed("the emitter is closed")
            settings = self._settings
            journal = JournalWriter(
                settings.home,
                segment_bytes=settings.segment_bytes,
                max_bytes=settings.journal_max_bytes,
                clock=utc_now,
            )
            opened_meanwhile = self._own_journal()
            if opened_meanwhile is not None:  # by a signal handler, in this very thread
                journal.close()
                return opened_meanwhile
            self._journal = journal
            if self._ship:
                from signaltape.shipping.thread import ShipperThread  # redis is imported only from here on

                self._shipper = ShipperThread(settings, journal.folder)
                self._shipper.start()
            elif self._wants_shipping:
                self._notices.say("REDIS_URL", "REDIS_URL is not set: events wait in the journal")
            return journal

    def _refuse(self, kind: _Kind, fields: dict[str, Any], error: InvalidEvent) -> bool:
        self._counts["refused"] += 1
        if self._strict:
            raise error
        self._notices.say(f"refused {kind.name}", f"{kind.name} refused: {error}")
        try:
            journal = self._journal or self._open_journal()
            RejectFile(rejects_path(journal.folder)).keep(utc_now(), kind.name, str(error), fields)
        except (OSError, JournalError) as trouble:
            self._notices.say("reject file", f"a refused event could not be kept: {trouble}")
        return False

    def _fail(self, kind: _Kind, error: Exception) -> bool:
        self._counts["failed"] += 1
        if self._strict:
            if isinstance(error, SignaltapeError):
                raise error
            raise SignaltapeError(f"{kind.name} could not be journalled: {error}") from error
        self._notices.say(
            f"failed {type(error).__name__}",
            f"{kind.name} not journalled: {error or type(error).__name__}",
        )
        return False

    def _read_settings(self, settings: Settings | None) -> Settings:
        try:
            return settings if settings is not None else Settings.from_env()
        except SettingsError as error:
            if self._strict:
                raise
            self._notices.say("settings", f"event logging is off: {error}")
            return Settings(feature_event_logging=False)

    def _forget_in_child(self) -> None:
        """In a forked child: the parent's journal and thread are not ours; begin anew at the next event."""
        self._lock = threading.RLock()
        self._notices = Notices()
        self._counts = dict.fromkeys(self._counts, 0)
        shipper, self._shipper = self._shipper, None
        if shipper is not None:
            shipper.forget_in_child()
        journal, self._journal = self._journal, None
        if journal is not None:
            journal.forget_in_child()


_emitters: weakref.WeakSet[Emitter] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for emitter in list(_emitters):
        emitter._forget_in_child()


def _close_all() -> None:
    for emitter in list(_emitters):
        emitter.close()


os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_close_all)
