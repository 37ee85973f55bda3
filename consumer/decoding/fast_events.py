"""The fast path to decode an event for its rows: numbers stay the text that was sent, and everything odd is left alone.

The exact structs of the contract make a Decimal of every number only for it to become text again. Here numbers are
taken as they stand in the JSON, checked as floats, strictly inside their bounds; at a bound, quoted, or with anything
else out of the ordinary the exact decoder decides. What is accepted here the exact one accepts too, with the same rows:
`tests/unit/test_fast_decoding.py` holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import Raw, Struct

from consumer.decoding.compiling import compiled
from signaltape.clock import FIRST_YEAR, LAST_YEAR, as_aware
from signaltape.contract.codec import Decoded, check_encoding, event_id
from signaltape.contract.declared import Declared, declared, plain_type
from signaltape.contract.events import EVENTS, LifecycleEvent
from signaltape.contract.fast_checks import as_written
from signaltape.contract.limits import (
    BACKSLASH,
    MAX_EVENT_BYTES,
    SMALL_BYTES,
    has_long_exponent,
    needs_a_look,
)
from signaltape.contract.moments import cut, moment_of

_HEX = b"0123456789abcdef"
_HEX_TO_ZERO = bytes.maketrans(_HEX, b"0" * len(_HEX))
_ZEROS = b"00000000-0000-0000-0000-000000000000"
_NULL = "null"
#: The number of an optional field that was not given. It cannot be declared: beside Raw a union has no meaning.
_ABSENT: Any = None


class _Primary(Struct, gc=False):
    side: Literal["long", "short"]


class _Scenarios(Struct, gc=False):
    primary: _Primary


#: The usual way to give the side. Given in a second place, the exact decoder compares the two.
_OTHERWISE: dict[str, tuple[str, Any] | tuple[str, Any, Any]] = {
    "signal_id": ("signal_id", str),
    "scenarios": ("scenarios", _Scenarios),
    "side": ("side", None, None),
}


def fast_struct(kind: type[LifecycleEvent]) -> type[Struct]:
    """The struct of an event with its numbers left as they were sent, and the side in its usual place only."""
    return msgspec.defstruct(
        f"Fast{kind.__name__}",
        [_fast_field(field) for field in as_written(kind)],
        kw_only=True,
        gc=False,
        namespace={"direction": property(lambda self: self.scenarios.primary.side)},
    )


def _fast_field(field: Declared) -> tuple[str, Any] | tuple[str, Any, Any]:
    if field.name in _OTHERWISE:
        return _OTHERWISE[field.name]
    if field.is_number:
        return (field.name, Raw) if field.required else (field.name, Raw, _ABSENT)
    kind = field.whole or field.type
    if field.choices is not None:
        kind = Literal[field.choices]
    if field.is_moment:
        kind = plain_type(kind)
    return (field.name, kind) if field.required else (field.name, kind | None, field.default)


def number_reader(kind: type[LifecycleEvent]) -> Callable[[Any], None]:
    """What makes texts of an event's numbers, as they stood in the JSON. Raises ValueError at a bound or beyond."""
    lines = [line for field in declared(kind) if field.is_number for line in _reading(field)]
    return compiled("read_numbers", ("event",), lines or ["pass"], optional=_optional)


def _reading(field: Declared) -> list[str]:
    assert field.bounds is not None
    low, high, where = float(field.bounds.low), float(field.bounds.high), f"event.{field.name}"
    if not field.required:
        return [f"if {where} is not None: {where} = optional({where}, {low!r}, {high!r})"]
    return [
        f"text = str({where}, 'ascii')",
        f"if not {low!r} < float(text) < {high!r}: raise ValueError",
        f"{where} = text",
    ]


def _optional(raw: Raw, low: float, high: float) -> str | None:
    text = str(raw, "ascii")
    if text == _NULL:
        return None
    if not low < float(text) < high:
        raise ValueError
    return text


class _Kind(NamedTuple):
    """How an event is decoded: by its struct, the name of its time, and what reads its numbers."""

    decode: Callable[[bytes], Any]
    time_field: str
    read_numbers: Callable[[Any], None]


_KINDS = {
    name: _Kind(msgspec.json.Decoder(fast_struct(kind)).decode, kind.TIME_FIELD, number_reader(kind))
    for name, kind in EVENTS.items()
}


def is_canonical_id(text: str) -> bool:
    """Whether a text is a UUID in the form that all others are brought to: lower case, five groups."""
    return text.encode().translate(_HEX_TO_ZERO) == _ZEROS


def are_canonical_ids(texts: list[str]) -> bool:
    """Whether each of these texts is a UUID in that form."""
    together = "\n".join(texts).encode().translate(_HEX_TO_ZERO)
    return together == b"\n".join([_ZEROS] * len(texts))


def fast_decode(name: str, data: bytes, entry_id: str, time_of: Callable[[str], datetime]) -> Decoded | None:
    """As `signaltape.contract.codec.decode`; None for whatever is not plainly valid: ask the exact decoder then.

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
