"""Events as lines of COPY's text format: one function per table. Pure; this is the hot path of the sink."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from signaltape.contract import Decoded
from signaltape.events import (
    EVENTS,
    SCHEMA_VERSION,
    Layer,
    SignalClosed,
    SignalInvalidated,
    SignalPublished,
    SignalTriggered,
    as_layer,
)
from sink.entries import Accepted

NULL = r"\N"
_NULL_JSON = "null"
_ENCODER = msgspec.json.Encoder()


class Table(NamedTuple):
    """A detail table: its name, the columns that `line` fills, and how: from the event, and its time as text."""

    name: str
    columns: tuple[str, ...]
    line: Callable[[Decoded, str], str]


def text(value: str) -> str:
    """A text as a COPY field: backslash, tab, newline and return escaped."""
    if "\\" in value:
        value = value.replace("\\", "\\\\")
    if "\t" in value or "\n" in value or "\r" in value:
        value = value.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return value


#: What `text` escapes, less the newline.
_ESCAPED = b"\\\t\r"

#: The same for texts that come again and again: symbols, versions, stream keys.
short_text = lru_cache(maxsize=4096)(text)


def optional(value: Any) -> str:
    """A number or text that may be missing, as a COPY field."""
    if value is None:
        return NULL
    return text(value) if isinstance(value, str) else str(value)


def moment(ts: datetime) -> str:
    """An aware time as a COPY field."""
    # msgspec writes it ten times as fast as isoformat
    return _ENCODER.encode(ts)[1:-1].decode()


def texts(values: list[bytes]) -> list[str]:
    """Texts (UTF-8) as COPY fields, all at once: hardly ever does one of them need a second look."""
    together = b"\n".join(values)
    if any(byte in together for byte in _ESCAPED) or together.count(b"\n") != len(values) - 1:
        return [text(value.decode()) for value in values]
    return together.decode().split("\n")


def moments(times: list[datetime]) -> list[str]:
    """Aware times as COPY fields, all at once."""
    return _ENCODER.encode(times)[2:-2].decode().split('","') if times else []


def event_line(entry: Accepted, ts: str) -> str:
    """The line of `signal_events`, without its newline. ts: the event's time as text."""
    decoded = entry.decoded
    return (
        f"{decoded.event_id}\t{decoded.signal_id}\t{entry.name}\t{SCHEMA_VERSION}"
        f"\t{short_text(decoded.event.symbol)}\t{text(entry.payload.decode())}"
        f"\t{ts}\t{short_text(entry.stream)}\t{entry.entry_id}"
    )


EVENT_COLUMNS = (
    "event_id",
    "signal_id",
    "event",
    "schema_version",
    "symbol",
    "payload",
    "ts",
    "stream",
    "entry_id",
)


def _signal(decoded: Decoded, ts: str) -> str:
    event: Any = decoded.event
    return (
        f"{decoded.signal_id}\t{short_text(event.symbol)}\t{event.direction}\t{event.confluence_score}\t{event.rr}"
        f"\t{event.expiry_minutes}\t{short_text(event.rules_version)}\t{ts}"
        f"\t{optional(event.setup)}\t{optional(event.entry)}\t{optional(event.sl)}\t{optional(event.tp)}"
        f"\t{optional(event.confidence)}\t{optional(event.ref_id)}\t{optional(event.timeframe)}"
    )


def _trigger(decoded: Decoded, ts: str) -> str:
    event: Any = decoded.event
    return f"{decoded.signal_id}\t{short_text(event.symbol)}\t{ts}\t{event.entry_fill}\t{event.time_to_trigger_ms}"


def _invalidation(decoded: Decoded, ts: str) -> str:
    event: Any = decoded.event
    return f"{decoded.signal_id}\t{short_text(event.symbol)}\t{ts}\t{event.reason}"


def _closure(decoded: Decoded, ts: str) -> str:
    event: Any = decoded.event
    return (
        f"{decoded.signal_id}\t{short_text(event.symbol)}\t{ts}\t{event.rr_realized}"
        f"\t{event.time_in_trade_ms}\t{event.exit_reason}\t{optional(event.rr_best)}\t{optional(event.fees_r)}"
    )


LAYER_TABLE = "signal_layers"
LAYER_COLUMNS = ("signal_id", "layer", "matched", "weight", "value")


def layer_lines(decoded: Decoded) -> list[str]:
    """The lines of `signal_layers`: one for each layer that a published signal names."""
    layers = getattr(decoded.event, "layers", None)
    if not layers:
        return []
    return [_layer(decoded.signal_id, name, as_layer(says)) for name, says in layers.items()]


def _layer(signal_id: str, name: str, layer: Layer) -> str:
    sent = _NULL_JSON if layer.value is None else str(layer.value, "utf-8")
    value = NULL if sent == _NULL_JSON else text(sent)
    return f"{signal_id}\t{text(name)}\t{layer.matched}\t{optional(layer.weight)}\t{value}"


#: The detail table of each event.
DETAIL: dict[str, Table] = {
    SignalPublished.EVENT: Table(
        "signals",
        (
            *("signal_id", "symbol", "side", "confluence_score", "rr_target", "expiry_minutes"),
            *("rules_version", "ts_published", "setup", "entry", "sl", "tp", "confidence"),
            *("ref_id", "timeframe"),
        ),
        _signal,
    ),
    SignalTriggered.EVENT: Table(
        "signal_triggers",
        ("signal_id", "symbol", "ts_triggered", "entry_fill", "time_to_trigger_ms"),
        _trigger,
    ),
    SignalInvalidated.EVENT: Table(
        "signal_invalidations", ("signal_id", "symbol", "ts_invalidated", "reason"), _invalidation
    ),
    SignalClosed.EVENT: Table(
        "signal_closures",
        (
            *("signal_id", "symbol", "ts_closed", "rr_realized", "time_in_trade_ms", "exit_reason"),
            *("rr_best", "fees_r"),
        ),
        _closure,
    ),
}
assert DETAIL.keys() == EVENTS.keys()


def block(lines: Iterable[str]) -> bytes:
    """Lines as one piece of COPY data."""
    return ("\n".join(lines) + "\n").encode()
