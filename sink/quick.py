"""The quick way to decode an event for its rows: numbers stay the text that was sent, and everything odd is left alone.

The exact structs of the contract make a Decimal of every number only for it to become text again. Here numbers are
taken as they stand in the JSON, checked as floats, strictly inside their bounds; at a bound, quoted, or with anything
else out of the ordinary the exact decoder decides. What is accepted here the exact one accepts too, with the same rows:
`tests/unit/test_quick.py` holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import msgspec
import uuid_utils
from msgspec import Raw, Struct

from signaltape.clock import FIRST_YEAR, LAST_YEAR, as_aware
from signaltape.contract import MAX_EVENT_BYTES, Decoded, event_id
from signaltape.events import LayerSays, Milliseconds, Minutes, Symbol, Text

_BACKSLASH = ord("\\")
_CANONICAL_CHARS = 36
_ABSENT = Raw(b"")
_NULL = b"null"
#: A number that is text in the end, as it stood in the JSON.
_R, _PRICE, _SCORE = (-1e6, 1e6), (0.0, 1e15), (0.0, 1.0)


class _Primary(Struct, gc=False):
    side: Literal["long", "short"]


class _Scenarios(Struct, gc=False):
    primary: _Primary


class _Published(Struct, kw_only=True):
    signal_id: str
    symbol: Symbol
    confluence_score: Raw
    rr: Raw
    expiry_minutes: Minutes
    rules_version: Text
    scenarios: _Scenarios
    # given in a second place, the exact decoder compares the two
    side: None = None
    ts_published: datetime | None = None
    ts: datetime | None = None
    layers: dict[str, LayerSays] | None = None
    setup: Text | None = None
    entry: Raw = _ABSENT
    sl: Raw = _ABSENT
    tp: Raw = _ABSENT
    confidence: Raw = _ABSENT
    ref_id: Text | None = None
    timeframe: Text | None = None

    @property
    def direction(self) -> str:
        """As the exact struct has it."""
        return self.scenarios.primary.side


class _Triggered(Struct, kw_only=True, gc=False):
    signal_id: str
    symbol: Symbol
    entry_fill: Raw
    time_to_trigger_ms: Milliseconds
    ts_triggered: datetime | None = None
    ts: datetime | None = None


class _Invalidated(Struct, kw_only=True, gc=False):
    signal_id: str
    symbol: Symbol
    reason: Literal["sl", "hard_invalidate", "expiry"]
    ts_invalidated: datetime | None = None
    ts: datetime | None = None


class _Closed(Struct, kw_only=True, gc=False):
    signal_id: str
    symbol: Symbol
    rr_realized: Raw
    time_in_trade_ms: Milliseconds
    exit_reason: Literal["tp", "sl", "time", "manual", "other"]
    ts_closed: datetime | None = None
    ts: datetime | None = None
    rr_best: Raw = _ABSENT
    fees_r: Raw = _ABSENT


_Bounds = tuple[str, float, float]


class _Kind:
    """How one event is decoded: its struct, the name of its time, its numbers with their bounds (exclusive)."""

    def __init__(
        self, struct: type[Struct], time_field: str, must: list[_Bounds], may: list[_Bounds]
    ) -> None:
        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(struct).decode
        self.time_field = time_field
        self.must = must
        self.may = may


_KINDS = {
    "signal_published": _Kind(
        _Published,
        "ts_published",
        [("confluence_score", *_SCORE), ("rr", 0.0, 1e6)],
        [("entry", *_PRICE), ("sl", *_PRICE), ("tp", *_PRICE), ("confidence", *_SCORE)],
    ),
    "signal_triggered": _Kind(_Triggered, "ts_triggered", [("entry_fill", *_PRICE)], []),
    "signal_invalidated": _Kind(_Invalidated, "ts_invalidated", [], []),
    "signal_closed": _Kind(_Closed, "ts_closed", [("rr_realized", *_R)], [("rr_best", *_R), ("fees_r", *_R)]),
}


def quick_decode(name: str, data: bytes, default_ts: datetime) -> Decoded | None:
    """As `signaltape.contract.decode`; None for whatever is not plainly valid: ask the exact decoder then."""
    kind = _KINDS.get(name)
    if kind is None or len(data) > MAX_EVENT_BYTES or _BACKSLASH in data:
        return None
    try:
        return _decode(name, kind, data, default_ts)
    except Exception:  # noqa: BLE001 - whatever it was, the exact decoder says it in words
        return None


def _decode(name: str, kind: _Kind, data: bytes, default_ts: datetime) -> Decoded:
    """Raises anything for what is not plainly valid."""
    event = kind.decode(data)
    for field, low, high in kind.must:
        setattr(event, field, _number(str(getattr(event, field), "ascii"), low, high))
    for field, low, high in kind.may:
        raw = getattr(event, field)
        given = raw is not _ABSENT and bytes(raw) != _NULL
        setattr(event, field, _number(str(raw, "ascii"), low, high) if given else None)
    if len(event.signal_id) != _CANONICAL_CHARS:
        raise ValueError(event.signal_id)
    signal_id = str(uuid_utils.UUID(event.signal_id))
    own = getattr(event, kind.time_field) or event.ts
    if own is None:
        ts = default_ts
    elif FIRST_YEAR <= own.year <= LAST_YEAR:
        ts = as_aware(own)
    else:
        raise ValueError(own)
    return Decoded(event_id(signal_id, name), signal_id, event, ts)


def _number(text: str, low: float, high: float) -> str:
    if not low < float(text) < high:
        raise ValueError(text)
    return text
