"""An alert as the desk knows it: made of a published signal or of the record `alert`. Numbers are exact. Pure."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime, timedelta
from decimal import Context, Decimal
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from desk.alerts.refs import clean_ref, ref_of
from signaltape.contract.codec import decode
from signaltape.contract.desk_records import Alert as AlertRecord
from signaltape.contract.events import SignalPublished
from signaltape.contract.record_codec import decode_record
from signaltape.errors import InvalidEvent

#: Lines of an engine's own.
MOST_LINES = 20
CATEGORIES = ("institutional", "sniper", "scalp", "health")
#: How long an alert is valid that does not say so.
EXPIRY_MINUTES = {"institutional": 45, "sniper": 30, "scalp": 30, "health": 30}
#: Validity beyond this is as good as for ever, and no time overflows.
_MOST_MINUTES = 366 * 24 * 60
#: So much of what was sent is kept beside an alert, in bytes; a message shows less.
_MOST_RAW = 16_384
#: No flow of money is larger; the same bound as the contract's.
_MOST_USD = Decimal(10**15)
#: Moving the point of any number that the contract takes is exact in it; what is divided is rounded in the other.
_EXACT, _ROUNDED = Context(prec=1_200), Context(prec=30)


class Alert(Struct, frozen=True, kw_only=True):
    """One alert.

    ref_id: made here if the engine gave none (`ref_given` tells). source_id: of the signal or of the record: doing it
    again is known by it. confidence: 0 to 100. rr: as sent, else from entry, stop and the farther target.
    raw: the JSON as sent, at most 16 KiB of it.
    """

    ref_id: str
    source_id: str
    category: str
    ts: datetime
    expires_at: datetime
    ref_given: bool = False
    symbol: str | None = None
    side: str | None = None
    confidence: Decimal | None = None
    title: str | None = None
    lines: tuple[str, ...] = ()
    next: str | None = None
    signal_id: str | None = None
    entry: Decimal | None = None
    entry_low: Decimal | None = None
    entry_high: Decimal | None = None
    sl: Decimal | None = None
    tp1: Decimal | None = None
    tp2: Decimal | None = None
    rr: Decimal | None = None
    entry_type: str = "limit"
    atr_pct: Decimal | None = None
    etf_inflow_usd: Decimal | None = None
    data_quality: str = "ok"
    degraded: bool = False
    setup: str | None = None
    timeframe: str | None = None
    raw: bytes = b""

    @property
    def planned(self) -> Decimal | None:
        """Where it is meant to be entered: the entry, else the middle of its band."""
        if self.entry is not None or self.entry_low is None or self.entry_high is None:
            return self.entry if self.entry is not None else self.entry_low or self.entry_high
        return _ROUNDED.divide(_EXACT.add(self.entry_low, self.entry_high), Decimal(2))

    @property
    def is_bad(self) -> bool:
        """Whether its prices are not to be shown."""
        return self.data_quality == "bad"

    @property
    def is_degraded(self) -> bool:
        """Whether it is to be read with care."""
        return self.degraded or self.data_quality == "degraded"


class _Said(Struct, rename="camel", frozen=True):
    """The numbers of the record `alert`, exactly as they were written."""

    confidence: Decimal | None = None
    entry: Decimal | None = None
    entry_low: Decimal | None = None
    entry_high: Decimal | None = None
    sl: Decimal | None = None
    tp1: Decimal | None = None
    tp2: Decimal | None = None
    rr: Decimal | None = None
    atr_pct: Decimal | None = None
    etf_inflow_usd: Decimal | None = None


_said = msgspec.json.Decoder(_Said).decode


def alert_of(event_name: str, payload: bytes, entry_ts: datetime, *, source_id: str | None = None) -> Alert:
    """The alert that a stream entry asks for.

    event_name: `signal_published` or `alert`. entry_ts: of the entry, for what carries no time. source_id: the record's
    id as the consumer knows it; without it, the one in the payload.
    Raises InvalidEvent for what the contract refuses, and for any other event.
    """
    if event_name == SignalPublished.EVENT:
        alert = _of_signal(payload, entry_ts)
    elif event_name == AlertRecord.EVENT:
        alert = _of_record(payload, entry_ts, source_id)
    else:
        raise InvalidEvent(
            f"event must be {SignalPublished.EVENT} or {AlertRecord.EVENT}, got {event_name!r}"
        )
    return replace(alert, rr=alert.rr if alert.rr is not None else _planned_rr(alert))


def apart(alert: Alert, taken: Container[str]) -> Alert:
    """The alert with a reference that no other has, if it was made here; one that the engine gave stays."""
    if alert.ref_given or alert.ref_id not in taken:
        return alert
    return replace(alert, ref_id=ref_of(alert.category, alert.ts, alert.symbol, alert.source_id, taken))


def dump(alert: Alert) -> str:
    """An alert as JSON, for its row."""
    return msgspec.json.encode(alert).decode()


def load(row: str | bytes) -> Alert:
    """An alert of its row. Raises msgspec.ValidationError."""
    return msgspec.json.decode(row, type=Alert)


def _of_signal(payload: bytes, entry_ts: datetime) -> Alert:
    decoded = decode(SignalPublished.EVENT, payload, default_ts=entry_ts)
    event = decoded.event
    assert isinstance(event, SignalPublished)
    category = _category_of(event.setup or "", event.ref_id or "")
    also = _also(payload)
    confidence = event.confidence if event.confidence is not None else event.confluence_score
    return Alert(
        **_identity(category, decoded.ts, event.symbol, event.ref_id, decoded.signal_id),
        expires_at=_end(decoded.ts, float(event.expiry_minutes)),
        side=event.direction.value,
        confidence=_EXACT.multiply(confidence, Decimal(100)),
        title=also.title,
        lines=also.lines,
        next=also.next,
        signal_id=decoded.signal_id,
        entry=event.entry,
        entry_low=event.entry_low,
        entry_high=event.entry_high,
        sl=event.sl,
        tp1=event.tp,
        tp2=event.tp2,
        rr=event.rr,
        entry_type=str(event.entry_type) if event.entry_type else "limit",
        atr_pct=event.atr_pct,
        etf_inflow_usd=also.etf_inflow_usd,
        data_quality=event.data_quality.value if event.data_quality else "ok",
        degraded=bool(event.degraded),
        setup=event.setup,
        timeframe=event.timeframe,
        raw=_bounded(payload),
    )


def _of_record(payload: bytes, entry_ts: datetime, source_id: str | None) -> Alert:
    decoded = decode_record(
        AlertRecord.EVENT, payload, stream="", entry_id=entry_ts.isoformat(), default_ts=lambda: entry_ts
    )
    record = decoded.record
    assert isinstance(record, AlertRecord)
    source = source_id or decoded.record_id
    minutes = record.expiry_minutes or EXPIRY_MINUTES[record.category]
    return Alert(
        **_identity(record.category, decoded.ts, record.symbol, record.ref_id, source),
        expires_at=_end(decoded.ts, minutes),
        side=record.side,
        title=record.title,
        lines=tuple(record.lines or ()),
        next=record.next,
        signal_id=None if record.signal_id is None else str(record.signal_id),
        data_quality=record.data_quality or "ok",
        degraded=bool(record.degraded),
        setup=record.setup,
        timeframe=record.timeframe,
        raw=_bounded(payload),
        **msgspec.structs.asdict(_said(payload)),
    )


class _Also(Struct, frozen=True):
    """What a published signal may bring besides what the contract knows of it."""

    title: str | None = None
    lines: tuple[str, ...] = ()
    next: str | None = None
    etf_inflow_usd: Decimal | None = None


def _also(payload: bytes) -> _Also:
    """Taken only if all of it is well formed: the contract has promised nothing of it."""
    try:
        also = msgspec.json.decode(payload, type=_Also)
    except msgspec.ValidationError:
        return _Also()
    inflow = also.etf_inflow_usd
    known = inflow is None or (inflow.is_finite() and abs(inflow) <= _MOST_USD)
    return replace(also, lines=also.lines[:MOST_LINES], etf_inflow_usd=inflow if known else None)


def _identity(
    category: str, ts: datetime, symbol: str | None, given: str | None, source_id: str
) -> dict[str, Any]:
    ref = clean_ref(given) if given else ref_of(category, ts, symbol, source_id)
    return {
        "ref_id": ref,
        "ref_given": bool(given),
        "source_id": source_id,
        "category": category,
        "ts": ts,
        "symbol": symbol,
    }


def _category_of(setup: str, ref: str) -> str:
    name = setup.lower()
    if name.startswith(("snp", "sniper")) or ref.startswith("snp_"):
        return "sniper"
    return "scalp" if "scalp" in name else "institutional"


def _end(ts: datetime, minutes: float) -> datetime:
    return ts + timedelta(minutes=min(minutes, _MOST_MINUTES))


def _planned_rr(alert: Alert) -> Decimal | None:
    """From entry, stop and the farther target, if they lie as those of its side do."""
    entry, sl, target = alert.planned, alert.sl, alert.tp2 or alert.tp1
    if entry is None or sl is None or target is None or alert.side is None:
        return None
    sign = 1 if alert.side == "long" else -1
    risk, gain = sign * _ROUNDED.subtract(entry, sl), sign * _ROUNDED.subtract(target, entry)
    if risk <= 0 or gain <= 0:
        return None
    return _ROUNDED.divide(gain, risk)


def _bounded(payload: bytes) -> bytes:
    """At most so many bytes, cut between two characters."""
    return payload if len(payload) <= _MOST_RAW else payload[:_MOST_RAW].decode("utf-8", "ignore").encode()
