"""The Emitter: what an engine calls. It validates, stamps and journals; it never waits and never raises."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from signaltape.clock import utc_now
from signaltape.contract.codec import check, encode, name_no_number
from signaltape.contract.desk_records import Alert
from signaltape.contract.events import SignalClosed, SignalInvalidated, SignalPublished, SignalTriggered
from signaltape.contract.moments import refuse_broken_minutes
from signaltape.contract.record_codec import check_record
from signaltape.contract.record_fields import wire_fields
from signaltape.contract.records import OrderLog, StateEvent, TradeLog
from signaltape.errors import InvalidEvent, SettingsError
from signaltape.fast_path import engine_tail, fast_path
from signaltape.harmless import as_ours, harmless
from signaltape.kinds import CLOSED, EVENT_KINDS, INVALIDATED, PUBLISHED, RECORD_KINDS, TRIGGERED, Kind
from signaltape.loading import load_alone
from signaltape.measured import Measured
from signaltape.notices import Notices
from signaltape.own_journals import EVENTS, RECORDS, close_at_exit
from signaltape.settings import Settings
from signaltape.showing import describe, show

if TYPE_CHECKING:
    from signaltape.replay.kept_apart import KeptApart  # loaded by an engine that is fed by a replay alone

#: RUN_MODE of an engine whose events really happen. Fed from a replay (REPLAY), its emits must not mix with them.
LIVE_MODE, REPLAY_MODE = "LIVE", "REPLAY"

_now = datetime.now


class Emitter(Measured):
    """Records what an engine does with its signals.

    settings: default: read from the environment. Off (every call returns False at once) unless
        FEATURE_EVENT_LOGGING is `true`; wrong settings switch it off too, with one line in the log.
    strict: raise SignaltapeError (nothing else) instead of returning False. For tests and tools, not for engines.
    ship: send the journal to Redis from a thread of this process. With False, run `signaltape ship`.
    control: if it ships, let control pause it (`paused`, `on_pause`), or silence of control after fail_safe_s.

    Every method takes the event's fields as keywords, or a mapping, or both (keywords win), and
    returns True once the event is in the journal: from then on a kill -9 of this process cannot
    lose it. It returns False when logging is off, the event breaks the contract (it then stands in
    the reject file, with the reason), the disk is full, or anything else went wrong, down to a value whose
    own code raises; reasons are logged once per kind and minute and counted in `stats()`. Nothing raises.

    Safe to share between threads, and to call from asyncio: no call waits for the network or a lock
    held over input or output. After a fork, parent and child each write a journal of their own.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        strict: bool = False,
        ship: bool = True,
        control: bool = True,
        fail_safe_s: float | None = None,
    ) -> None:
        self._strict, self._notices = strict, Notices()
        self._engine: str | None = None
        super().__init__(self._read_settings(settings), self._notices, strict=strict, ship=ship)
        self._on = self._settings.feature_event_logging and self._settings.run_mode == LIVE_MODE
        #: where what is emitted in a replay goes, and its clock
        self._apart: KeptApart | None = None
        self._clock = utc_now
        if self._settings.feature_event_logging and not self._on:
            mode = self._settings.run_mode
            self._say("RUN_MODE", f"RUN_MODE={mode}: what the engine emits is not recorded")
            if mode == REPLAY_MODE:
                self._keep_apart()
        if self._on or self._apart is not None:
            self._make_ready()
            self._take_name(self._settings.engine)
            close_at_exit(self)
        if self._on and self._ship and control:
            self._follow_control(fail_safe_s)

    @fast_path(SignalPublished.EVENT, SignalPublished.TIME_FIELD, "rules_version")
    @harmless
    def published(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """A signal was published. Fields: see `signaltape.contract.events.SignalPublished`."""
        return self._emit(PUBLISHED, event, fields)

    @fast_path(SignalTriggered.EVENT, SignalTriggered.TIME_FIELD)
    @harmless
    def triggered(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """Its entry was filled. Fields: see `signaltape.contract.events.SignalTriggered`."""
        return self._emit(TRIGGERED, event, fields)

    @fast_path(SignalInvalidated.EVENT, SignalInvalidated.TIME_FIELD)
    @harmless
    def invalidated(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """It stopped being valid. Fields: see `signaltape.contract.events.SignalInvalidated`."""
        return self._emit(INVALIDATED, event, fields)

    @fast_path(SignalClosed.EVENT, SignalClosed.TIME_FIELD)
    @harmless
    def closed(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """Its position was closed. Fields: see `signaltape.contract.events.SignalClosed`."""
        return self._emit(CLOSED, event, fields)

    @harmless
    def state(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """The engine changed its state. Fields (camelCase or snake_case): `signaltape.contract.records.StateEvent`."""
        return self._record(StateEvent.EVENT, event, fields)

    @harmless
    def trade(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """A trade was finished. Fields: see `signaltape.contract.records.TradeLog`; `dateKey` is its WIB day."""
        return self._record(TradeLog.EVENT, event, fields)

    @harmless
    def order(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """An order was placed or changed. Fields: see `signaltape.contract.records.OrderLog`."""
        return self._record(OrderLog.EVENT, event, fields)

    @harmless
    def snapshot(self, kind: str | Enum, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """A part of the engine as it stands: risk, tpsl, execution, health, scoring, regime or feature."""
        named = kind if type(kind) is str else _text(kind)
        return self._record(named and f"{named.removesuffix('_snapshot')}_snapshot", event, fields, kind)

    @harmless
    def market(self, kind: str | Enum, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """What the market did: trade, book, candle, funding or open_interest (also as MARKET_TRADE)."""
        named = kind if type(kind) is str else _text(kind)
        return self._record(named and f"market_{named.lower().removeprefix('market_')}", event, fields, kind)

    @harmless
    def alert(self, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """Traders are to be told something. Fields: see `signaltape.contract.records.Alert`."""
        return self._record(Alert.EVENT, event, fields)

    @harmless
    def record(self, name: str | Enum, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """A record by its name on the wire, such as `state_event`. The methods above are its usual names."""
        return self._record(_text(name), event, fields, name)

    @harmless
    def event(self, name: str | Enum, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        """A lifecycle event by its name on the wire, such as `ghost_closed`. Engines have the methods above."""
        named = _text(name)
        kind = EVENT_KINDS.get(named) if named is not None else None
        return self._record(named, event, fields, name) if kind is None else self._emit(kind, event, fields)

    def stats(self) -> dict[str, int]:
        """As ever; of an engine that is fed by a replay also `kept_apart` and `not_kept`, of all its Emitters."""
        apart = self._apart
        more = {} if apart is None else {"kept_apart": apart.kept, "not_kept": apart.not_kept}
        return super().stats() | more

    def __repr__(self) -> str:
        return f"Emitter({'on' if self._on else 'off'}, home={str(self._settings.home)!r})"

    def _emit(self, kind: Kind, event: Mapping[str, Any] | None, fields: dict[str, Any]) -> bool:
        if not self._on and not self._keeps_apart():
            return False
        try:
            if event is not None:
                fields = {**event, **fields}
            if fields.get(kind.time_field) is None and fields.get("ts") is None:
                fields[kind.time_field] = _now(UTC) if self._on else self._clock()
            if kind is PUBLISHED and fields.get("rules_version") is None:
                fields["rules_version"] = self._settings.rules_version
            if self._engine is not None and fields.get("engine") is None:
                fields["engine"] = self._engine
            for field in (kind.time_field, "ts"):
                refuse_broken_minutes(field, fields.get(field))
            data = encode(fields)
            check(kind.name, data)
            journal = self._journals[EVENTS] or self._apart or self._open_journal(EVENTS)
            journal.append(kind.prefix + data)
        except InvalidEvent as error:
            return self._refuse(kind.name, fields, error)
        shipper = self._shipper
        if shipper is not None and shipper.idle:
            self._wake(shipper)
        return self._on

    def _record(
        self, name: str | None, event: Mapping[str, Any] | None, fields: dict[str, Any], asked_for: Any = None
    ) -> bool:
        if not self._on and not self._keeps_apart():
            return False
        kind = RECORD_KINDS.get(name) if name is not None else None
        try:
            if kind is None:
                wanted = show(name if name is not None else asked_for)
                raise InvalidEvent(f"there is no record {wanted}; there are: {', '.join(RECORD_KINDS)}")
            if event is not None:
                fields = {**event, **fields}
            fields = wire_fields(kind.name, fields, self._clock())
            if self._engine is not None and fields.get("engine") is None:
                fields["engine"] = self._engine
            data = encode(fields)
            check_record(kind.name, data)
            journal = self._journals[RECORDS] or self._apart or self._open_journal(RECORDS)
            journal.append(kind.prefix + data)
        except InvalidEvent as error:
            return self._refuse(kind.name if kind is not None else "record", fields, error)
        shipper = self._shipper
        if shipper is not None and shipper.idle:
            self._wake(shipper)
        return self._on

    def _refuse(self, name: str, fields: dict[str, Any], error: InvalidEvent) -> bool:
        self._counts["refused"] += 1
        error = name_no_number(error, fields)
        if self._strict:
            raise error
        self._say(f"refused {name}", f"{name} refused: {error}")
        if not self._on:  # by what is replayed, nothing is written here
            return False
        try:
            from signaltape.journal.home import rejects_path
            from signaltape.rejects import RejectFile

            journal = self._journals[EVENTS] or self._open_journal(EVENTS)
            RejectFile(rejects_path(journal.folder)).keep(utc_now(), name, str(error), fields)
        except Exception as trouble:  # noqa: BLE001 - refused it is all the same
            self._say("reject file", f"a refused event could not be kept: {describe(trouble)}")
        return False

    def _went_wrong(self, name: str, error: Exception) -> None:
        if not isinstance(error, InvalidEvent):  # what was refused has been counted already
            super()._went_wrong(name, error)

    def _keeps_apart(self) -> bool:
        return self._apart is not None and not self._is_closed()

    def _keep_apart(self) -> None:
        try:
            from signaltape.replay.kept_apart import kept_apart

            self._shipper = self._apart = kept_apart(self._settings, self._notices)
            self._clock = self._apart.now
        except Exception as error:  # noqa: BLE001 - a replay goes on without
            self._say("apart", f"what the engine emits in this replay is not kept: {describe(error)}")

    def _forget_in_child(self) -> None:
        super()._forget_in_child()
        self._shipper = self._apart

    def _make_ready(self) -> None:
        try:
            load_alone(self._load)
        except Exception as error:  # noqa: BLE001 - what is missing is said at the event that needs it
            self._say("loading", f"not all of signaltape could be loaded: {describe(error)}")

    def _load(self) -> None:
        from signaltape.readying import make_ready  # no event is to wait for it, nor who records nothing

        make_ready(ships=self._ship)

    def _take_name(self, engine: str | None) -> None:
        try:
            if engine is not None:
                self._engine_tail, self._engine = engine_tail(engine), engine
        except Exception as error:  # noqa: BLE001 - settings that were made by hand
            self._say("engine", f"SIGNALTAPE_ENGINE is not used: {describe(error)}")

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


def _text(kind: Any) -> str | None:
    """A kind given as text or as an enumeration of texts, as plain text; None if it is neither."""
    value = kind.value if isinstance(kind, Enum) else kind
    return str.__str__(value) if isinstance(value, str) else None
