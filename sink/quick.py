"""The quick way to decode an event for its rows: numbers stay the text that was sent, and everything odd is left alone.

The exact structs of the contract make a Decimal of every number only for it to become text again. Here numbers are
taken as they stand in the JSON, checked as floats, strictly inside their bounds; at a bound, quoted, or with anything
else out of the ordinary the exact decoder decides. What is accepted here the exact one accepts too, with the same rows:
`tests/unit/test_quick.py` holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from signaltape.clock import FIRST_YEAR, LAST_YEAR, as_aware
from signaltape.contract import Decoded, check_encoding, event_id
from signaltape.events import LayerName, LayerSays, MillisecondsAsInt, MinutesAsInt, Symbol, Text
from signaltape.limits import BACKSLASH, MAX_EVENT_BYTES, SMALL_BYTES, has_long_exponent, needs_a_look
from signaltape.moments import cut, moment_of

_HEX = b"0123456789abcdef"
_HEX_TO_ZERO = bytes.maketrans(_HEX, b"0" * len(_HEX))
_ZEROS = b"00000000-0000-0000-0000-000000000000"
_NULL = "null"
#: The bounds, exclusive here.
_MAX_R, _MAX_PRICE = 1e6, 1e15
#: The number of an optional field that was not given. It cannot be declared: beside Raw a union has no meaning.
_ABSENT: Any = None


class _Primary(Struct, gc=False):
    side: Literal["long", "short"]


class _Scenarios(Struct, gc=False):
    primary: _Primary


class _Published(Struct, kw_only=True):
    signal_id: str
    symbol: Symbol
    confluence_score: Raw
    rr: Raw
    expiry_minutes: MinutesAsInt
    rules_version: Text
    scenarios: _Scenarios
    # given in a second place, the exact decoder compares the two
    side: None = None
    ts_published: datetime | int | float | None = None
    ts: datetime | int | float | None = None
    layers: dict[LayerName, LayerSays] | None = None
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
    time_to_trigger_ms: MillisecondsAsInt
    ts_triggered: datetime | int | float | None = None
    ts: datetime | int | float | None = None


class _Invalidated(Struct, kw_only=True, gc=False):
    signal_id: str
    symbol: Symbol
    reason: Literal["sl", "hard_invalidate", "expiry"]
    ts_invalidated: datetime | int | float | None = None
    ts: datetime | int | float | None = None


class _Closed(Struct, kw_only=True, gc=False):
    signal_id: str
    symbol: Symbol
    rr_realized: Raw
    time_in_trade_ms: MillisecondsAsInt
    exit_reason: Literal["tp", "sl", "time", "manual", "other"]
    ts_closed: datetime | int | float | None = None
    ts: datetime | int | float | None = None
    rr_best: Raw = _ABSENT
    fees_r: Raw = _ABSENT


# What reads an event's numbers: they become the text that stood in the JSON. Raises ValueError at a bound or beyond.


def _published(event: Any) -> None:
    score, rr = str(event.confluence_score, "ascii"), str(event.rr, "ascii")
    if not (0.0 < float(score) < 1.0 and 0.0 < float(rr) < _MAX_R):
        raise ValueError
    event.confluence_score, event.rr = score, rr
    if event.entry is not None:
        event.entry = _optional(event.entry, 0.0, _MAX_PRICE)
    if event.sl is not None:
        event.sl = _optional(event.sl, 0.0, _MAX_PRICE)
    if event.tp is not None:
        event.tp = _optional(event.tp, 0.0, _MAX_PRICE)
    if event.confidence is not None:
        event.confidence = _optional(event.confidence, 0.0, 1.0)


def _triggered(event: Any) -> None:
    fill = str(event.entry_fill, "ascii")
    if not 0.0 < float(fill) < _MAX_PRICE:
        raise ValueError
    event.entry_fill = fill


def _invalidated(event: Any) -> None:
    pass


def _closed(event: Any) -> None:
    realized = str(event.rr_realized, "ascii")
    if not -_MAX_R < float(realized) < _MAX_R:
        raise ValueError
    event.rr_realized = realized
    if event.rr_best is not None:
        event.rr_best = _optional(event.rr_best, -_MAX_R, _MAX_R)
    if event.fees_r is not None:
        event.fees_r = _optional(event.fees_r, -_MAX_R, _MAX_R)


def _optional(raw: Raw, low: float, high: float) -> str | None:
    text = str(raw, "ascii")
    if text == _NULL:
        return None
    if not low < float(text) < high:
        raise ValueError
    return text


#: How each event is decoded: its struct, the name of its time, and what reads its numbers.
_KINDS: dict[str, tuple[Callable[[bytes], Any], str, Callable[[Any], None]]] = {
    "signal_published": (msgspec.json.Decoder(_Published).decode, "ts_published", _published),
    "signal_triggered": (msgspec.json.Decoder(_Triggered).decode, "ts_triggered", _triggered),
    "signal_invalidated": (msgspec.json.Decoder(_Invalidated).decode, "ts_invalidated", _invalidated),
    "signal_closed": (msgspec.json.Decoder(_Closed).decode, "ts_closed", _closed),
}


def is_canonical_id(text: str) -> bool:
    """Whether a text is a UUID in the form that all others are brought to: lower case, five groups."""
    return text.encode().translate(_HEX_TO_ZERO) == _ZEROS


def are_canonical_ids(texts: list[str]) -> bool:
    """Whether each of these texts is a UUID in that form."""
    together = "\n".join(texts).encode().translate(_HEX_TO_ZERO)
    return together == b"\n".join([_ZEROS] * len(texts))


def quick_decode(name: str, data: bytes, entry_id: str, time_of: Callable[[str], datetime]) -> Decoded | None:
    """As `signaltape.contract.decode`; None for whatever is not plainly valid: ask the exact decoder then.

    An event without a time has that of its entry: `time_of(entry_id)`.
    """
    if len(data) > MAX_EVENT_BYTES or BACKSLASH in data:
        return None
    decode_struct, time_field, read_numbers = _KINDS[name]
    try:
        event = decode_struct(data)
        check_encoding(data)
        read_numbers(event)
        own = getattr(event, time_field)
        if own is None:
            own = event.ts
        if own is None:
            ts = time_of(entry_id)
        elif (
            type(own) is datetime
            and own.tzinfo is UTC
            and own.microsecond
            and FIRST_YEAR <= own.year <= LAST_YEAR
        ):
            ts = own  # the usual one, without a call
        else:
            ts = cut(as_aware(moment_of(time_field, own)), data, time_field, "ts")
        if has_long_exponent(data) or (len(data) > SMALL_BYTES and needs_a_look(data)):
            return None
    except Exception:  # noqa: BLE001 - whatever it was, the exact decoder says it in words
        return None
    signal_id = event.signal_id
    if not is_canonical_id(signal_id):
        return None
    return Decoded(event_id(signal_id, name), signal_id, event, ts)
