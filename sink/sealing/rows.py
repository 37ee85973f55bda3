"""A stored event as bytes that hang on nothing but its content, and their digest. Pure.

The bytes are a JSON array of its columns, without blanks: `[event_id, signal_id, event, schema_version, symbol,
payload, ts, stream, entry_id, received_at]`. Both times are whole microseconds since 1970. Names in the payload stand
in the order of their UTF-8 bytes; a number is written out, without an exponent and without zeros behind its last digit;
a text is escaped as RFC 8785 says. So neither PostgreSQL's version and settings, nor how it writes JSON, matter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec

#: A row by what is unique of it: the bytes of its signal's id, and which event.
Key = tuple[bytes, str]
#: As the queries of sealing.sql give it: event_id, signal_id, event, schema_version, symbol, payload as text, ts,
#: stream, entry_id, received_at.
Columns = tuple[str, str, str, int, str, str, int, str, str, int]

_SIGNAL: Final = 1
_EVENT: Final = 2
_PAYLOAD: Final = 5
_RECEIVED: Final = 9


class Row(NamedTuple):
    """What sealing needs of a row."""

    key: Key
    digest: bytes
    #: microseconds since 1970
    received_us: int


def row_of(columns: Columns) -> Row:
    """A row that was read."""
    return Row(
        key_of(columns[_SIGNAL], columns[_EVENT]), sha256(written(columns)).digest(), columns[_RECEIVED]
    )


def key_of(signal_id: str, event: str) -> Key:
    """The key of an event. signal_id: as text with its hyphens."""
    return bytes.fromhex(signal_id.replace("-", "")), event


def written(columns: Columns) -> bytes:
    """The bytes of a row, of which the digest is taken."""
    payload = columns[_PAYLOAD]
    try:
        return _ENCODER.encode((*columns[:_PAYLOAD], _DECODER.decode(payload), *columns[_PAYLOAD + 1 :]))
    except (msgspec.MsgspecError, RecursionError):  # a number of thousands of digits, a depth beyond reason
        return _ENCODER.encode((*columns[:_PAYLOAD], _exactly(payload), *columns[_PAYLOAD + 1 :]))


def number(text: str) -> str:
    """A number of JSON in its one form: `-1.50` and `-15e-1` are `-1.5`, `-0.0` is `0`."""
    plain = format(Decimal(text), "f") if "e" in text or "E" in text else text
    short = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if short in ("-0", "") else short


def _exactly(payload: str) -> msgspec.Raw:
    """The same without the decoder's bounds: slower. What is nested deeper than Python reads stays as it is stored."""
    try:
        return msgspec.Raw(_plain(json.loads(payload, parse_int=_Number, parse_float=_Number)).encode())
    except RecursionError:
        return msgspec.Raw(_ENCODER.encode(payload))


class _Number(str):
    __slots__ = ()


def _plain(value: Any) -> str:
    if isinstance(value, _Number):
        return number(value)
    if isinstance(value, dict):
        return f"{{{','.join(f'{_text(name)}:{_plain(value[name])}' for name in _sorted(value))}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_plain, value))}]"
    return _text(value)


def _text(value: str | bool | None) -> str:
    return _ENCODER.encode(value).decode()


def _sorted(names: Iterable[str]) -> list[str]:
    return sorted(names, key=str.encode)


def _raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(number(text).encode())


_DECODER = msgspec.json.Decoder(float_hook=_raw)
_ENCODER = msgspec.json.Encoder(order="sorted")
