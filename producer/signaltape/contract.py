"""Bytes to event and back: the one decoder that the engine's emit and the worker both use.

What emit has checked is byte for byte what the worker checks again.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any

import msgspec
import uuid_utils

from signaltape.clock import FIRST_YEAR, LAST_YEAR, as_aware
from signaltape.errors import InvalidEvent
from signaltape.events import EVENTS, SCHEMA_VERSION, LifecycleEvent
from signaltape.explain import explain, explain_nan, refuse_nul, show_value
from signaltape.quick import bare_twin, quick_twin

#: Namespace of all event ids: uuid5(DNS, "signaltape"), fixed for ever.
NAMESPACE = uuid_utils.UUID("b8f3cd52-7355-58e1-b694-ba280dd650e6")

#: The largest event. A signal is some hundred bytes; anything near this is a mistake upstream.
MAX_EVENT_BYTES = 1024 * 1024

#: The quick check of each event: raises for what the contract may refuse, and for some of what it accepts.
QUICK_CHECKS = {name: msgspec.json.Decoder(quick_twin(kind)).decode for name, kind in EVENTS.items()}
_BARE = {name: bare_twin(kind) for name, kind in EVENTS.items()}
#: A stricter one for the bare event (see `bare_twin`), and how many fields that has.
BARE_CHECKS = {
    name: (msgspec.json.Decoder(twin).decode, len(twin.__struct_fields__)) for name, twin in _BARE.items()
}
_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in EVENTS.items()}
_uuid5 = uuid_utils.uuid5
#: Valid JSON that no Postgres text can hold.
NUL = b"\\u0000"
#: Stands before every NUL, and is looked for first: finding one byte is far quicker than finding six.
BACKSLASH = ord("\\")


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """A valid event with its identity and time."""

    event_id: str
    signal_id: str
    event: LifecycleEvent
    ts: datetime


def event_id(signal_id: str, event: str) -> str:
    """The id of an event: the same for a retry, a replay, and an engine in another language.

    `uuid5(NAMESPACE, f"{signal_id}:{event}")`, with the signal id in canonical lower case.
    """
    return str(_uuid5(NAMESPACE, f"{signal_id}:{event}"))


def check(name: str, data: bytes) -> None:
    """`validate` for the emit path: the same verdict, without building the exact event.

    Raises InvalidEvent.
    """
    if len(data) <= MAX_EVENT_BYTES and (BACKSLASH not in data or NUL not in data):
        try:
            event: Any = QUICK_CHECKS[name](data)
            own = event.own_time or event.ts
            if own is None or FIRST_YEAR <= own.year <= LAST_YEAR:
                return
        except Exception:  # noqa: BLE001, S110 - whatever it was, the full check below says it in words
            pass
    validate(name, data)


def validate(name: str, data: bytes) -> LifecycleEvent:
    """Decode `data` (JSON) as the event called `name`.

    Raises InvalidEvent with a message that names the field, its rule and the value.
    """
    decoder = _DECODERS.get(name)
    if decoder is None:
        raise InvalidEvent(f"event must be one of {', '.join(EVENTS)}, got {show_value(name)}")
    if len(data) > MAX_EVENT_BYTES:
        raise InvalidEvent(f"data must be at most {MAX_EVENT_BYTES} bytes, got {len(data)}")
    try:
        event = decoder.decode(data)
        check_encoding(data)
    except msgspec.ValidationError as error:
        raise InvalidEvent(explain(EVENTS[name], data, error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidEvent(f"data must be JSON: {error}") from None
    except ArithmeticError:  # a Decimal cannot be compared with "NaN"
        raise InvalidEvent(explain_nan(EVENTS[name], data)) from None
    except RecursionError:
        raise InvalidEvent("data must not be nested so deeply") from None
    if BACKSLASH in data and NUL in data:
        refuse_nul(data)
    own = event.own_time
    if own is not None and not FIRST_YEAR <= own.year <= LAST_YEAR:
        field = event.TIME_FIELD if getattr(event, event.TIME_FIELD) is not None else "ts"
        raise InvalidEvent(
            f"{field} must lie in the years {FIRST_YEAR} to {LAST_YEAR}, got {own.isoformat()}"
        )
    return event


def check_encoding(data: bytes) -> None:
    """Raise UnicodeDecodeError for what is not UTF-8: msgspec does not look into fields that it does not know."""
    if not data.isascii():
        data.decode()


def decode(name: str, data: bytes, *, default_ts: datetime, version: int = SCHEMA_VERSION) -> Decoded:
    """Decode one stream entry.

    `default_ts` is used when the event carries no time of its own (the entry's time).
    Raises InvalidEvent, as `validate` does, and for a schema version that is not known here.
    """
    if version != SCHEMA_VERSION:
        raise InvalidEvent(f"v (schema version) must be {SCHEMA_VERSION}, got {version}")
    event = validate(name, data)
    own = event.own_time
    ts = default_ts if own is None else as_aware(own)
    signal_id = str(event.signal_id)
    return Decoded(event_id(signal_id, name), signal_id, event, ts)


def _plain(value: Any) -> Any:
    """What msgspec cannot write itself: numpy scalars and arrays become plain Python."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise InvalidEvent(f"a value of type {type(value).__name__} cannot be written as JSON")


#: Writes fields as JSON, a NaN as `null`.
write_json = msgspec.json.Encoder(enc_hook=_plain, decimal_format="number").encode
#: Finds what may have been a NaN.
find_null = re.compile(b"null").search  # twice as fast as `in`


def encode(fields: dict[str, Any]) -> bytes:
    """Write an event's fields as JSON.

    A NaN or an infinity would become `null`; it is refused instead, by name.
    Raises InvalidEvent.
    """
    try:
        data = write_json(fields)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidEvent(f"the event cannot be written as JSON: {error}") from None
    if find_null(data):
        refuse_non_finite(fields)
    return data


def refuse_non_finite(value: Any, path: str = "") -> None:
    """Raise InvalidEvent, naming the place, if a NaN or infinite float stands anywhere in `value`."""
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidEvent(f"{path} must be a finite number, got {value}")
    if isinstance(value, dict):
        for key, inner in value.items():
            refuse_non_finite(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            refuse_non_finite(inner, f"{path}[{index}]")
