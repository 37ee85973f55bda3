"""Bytes to event and back: the one decoder that the engine's emit and the worker both use.

What emit has checked is byte for byte what the worker checks again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
import uuid_utils

from signaltape.clock import as_aware
from signaltape.contract.events import EVENTS, SCHEMA_VERSION, LifecycleEvent
from signaltape.contract.fast_checks import fast_twin
from signaltape.contract.limits import BACKSLASH, MAX_EVENT_BYTES, NUL, inspect, needs_a_look, too_deep
from signaltape.contract.moments import cut, moment_of
from signaltape.errors import InvalidEvent
from signaltape.showing import describe, show

#: Namespace of all event ids: uuid5(DNS, "signaltape"), fixed for ever.
NAMESPACE = uuid_utils.UUID("b8f3cd52-7355-58e1-b694-ba280dd650e6")

_uuid5 = uuid_utils.uuid5


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """A valid event with its identity and time."""

    event_id: str
    signal_id: str
    event: LifecycleEvent
    ts: datetime


@cache
def fast_check(name: str) -> Callable[[bytes], Any]:
    """The fast check of an event: raises for what the contract may refuse, and for some of what it accepts."""
    return msgspec.json.Decoder(fast_twin(EVENTS[name])).decode


@cache
def decoder(name: str) -> msgspec.json.Decoder[Any] | None:
    """What reads the event called `name`; None if there is none."""
    kind = EVENTS.get(name)
    return msgspec.json.Decoder(kind) if kind is not None else None


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
            event: Any = fast_check(name)(data)
            own = event.own_time if event.own_time is not None else event.ts
            if own is not None:
                moment_of(name, own)
            if not needs_a_look(data):
                return
        except Exception:  # noqa: BLE001, S110 - whatever it was, the full check below says it in words
            pass
    validate(name, data)


def validate(name: str, data: bytes) -> LifecycleEvent:
    """Decode `data` (JSON) as the event called `name`.

    Raises InvalidEvent with a message that names the field, its rule and the value.
    """
    return _read(name, data)[0]


def _read(name: str, data: bytes) -> tuple[LifecycleEvent, datetime | None]:
    """The event, and its own time if it has one."""
    reads = decoder(name)
    if reads is None:
        raise InvalidEvent(f"event must be one of {', '.join(EVENTS)}, got {show(name)}")
    event = read_struct(reads, EVENTS[name], data)
    own = event.own_time
    if own is None:
        return event, None
    field = event.TIME_FIELD if getattr(event, event.TIME_FIELD) is not None else "ts"
    return event, moment_of(field, own)


def read_struct(
    decoder: msgspec.json.Decoder[Any],
    kind: type[msgspec.Struct],
    data: bytes,
    is_odd: Callable[[bytes], bool] = needs_a_look,
) -> Any:
    """Decode `data` (JSON) as a struct of the contract, and hold it against every bound.

    is_odd: tells cheaply that an event is to be taken apart.
    Raises InvalidEvent with a message that names the field, its rule and the value; nothing else, whatever it holds.
    """
    if len(data) > MAX_EVENT_BYTES:
        raise InvalidEvent(f"data must be at most {MAX_EVENT_BYTES} bytes, got {len(data)}")
    try:
        found = decoder.decode(data)
        check_encoding(data)
        if (BACKSLASH in data and NUL in data) or is_odd(data):
            inspect(data)
    except RecursionError:
        raise too_deep() from None
    except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError) as error:
        raise InvalidEvent(_explained(kind, data, error)) from None
    return found


def _explained(kind: type[msgspec.Struct], data: bytes, error: Exception) -> str:
    from signaltape.contract import explain  # only for what is refused

    if isinstance(error, msgspec.ValidationError):
        return explain.explain(kind, data, error)
    if isinstance(error, ArithmeticError):  # a Decimal cannot be compared with "NaN"
        return explain.explain_nan(kind, data)
    return explain.explain_malformed(data, error)


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
    event, own = _read(name, data)
    ts = default_ts if own is None else as_aware(cut(own, data, event.TIME_FIELD, "ts"))
    signal_id = str(event.signal_id)
    return Decoded(event_id(signal_id, name), signal_id, event, ts)


def _plain(value: Any) -> Any:
    """What msgspec cannot write itself: numpy scalars and arrays become plain Python."""
    if hasattr(value, "tolist"):
        plain = value.tolist()
        if not hasattr(plain, "tolist"):  # else it is no array, but something that answers to every name
            return plain
    raise InvalidEvent(f"a value of type {type(value).__name__} cannot be written as JSON")


#: Writes fields as JSON, a NaN as `null`.
write_json = msgspec.json.Encoder(enc_hook=_plain, decimal_format="number").encode
#: Finds what may have been a NaN.
find_null = re.compile(b"null").search  # twice as fast as `in`
#: Hides no number.
_SCALARS = frozenset((str, int, bool, type(None), datetime, date, time, timedelta, UUID, bytes))


def encode(fields: dict[str, Any]) -> bytes:
    """Write an event's fields as JSON.

    A NaN or an infinity would become `null`; it is refused instead, by name.
    Raises InvalidEvent.
    """
    try:
        data = write_json(fields)
        if find_null(data):
            refuse_non_finite(fields)
    except UnicodeEncodeError as error:
        from signaltape.contract.explain import explain_unwritable

        raise InvalidEvent(explain_unwritable(as_plain(fields), error)) from None
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidEvent(f"the event cannot be written as JSON: {describe(error)}") from None
    except RecursionError:
        raise too_deep() from None
    return data


def refuse_non_finite(value: Any, path: str = "") -> None:
    """Raise InvalidEvent, naming the place, if a NaN or infinite number stands anywhere in `value`.

    What is no plain value (numpy, sets, dataclasses, enumerations) is looked at as it is written.
    """
    kind = type(value)
    if kind in _SCALARS:
        return
    if kind is float:
        if not math.isfinite(value):
            raise InvalidEvent(f"{path} must be a finite number, got {value}")
    elif isinstance(value, Decimal):
        if not value.is_finite():
            raise InvalidEvent(f"{path} must be a finite number, got {value}")
    elif isinstance(value, dict):
        for key, inner in value.items():
            if type(inner) not in _SCALARS:
                refuse_non_finite(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            refuse_non_finite(inner, f"{path}[{index}]")
    elif kind is not msgspec.Raw:
        refuse_non_finite(as_plain(value), path)


def name_no_number(error: InvalidEvent, fields: Any) -> InvalidEvent:
    """A better refusal of what came out as no JSON: a Decimal that is no number is written as `NaN`. Raises nothing."""
    from signaltape.contract.explain import NO_JSON

    if str(error).startswith(NO_JSON):
        try:
            refuse_non_finite(fields)
        except InvalidEvent as named:
            return named
        except Exception:  # noqa: BLE001, S110 - values that do not let themselves be looked at
            pass
    return error


def as_plain(value: Any) -> Any:
    """A value in the builtin types that its JSON is made of; a NaN stays one."""
    return msgspec.to_builtins(value, builtin_types=(Decimal,), str_keys=True, enc_hook=_plain)
