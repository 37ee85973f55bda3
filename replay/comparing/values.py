"""Whether two payloads say the same: numbers exactly, by value; what each run makes anew is left out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import Any, NamedTuple

import msgspec

from signaltape.contract.events import EVENTS

#: Made anew by each run, or said of who emitted it and when it came, not of what was emitted.
IGNORED = frozenset({"id", "event_id", "signal_id", "entry_id", "received_at", "seq", "engine"})
#: Compared as moments, however they are written.
TIMES = frozenset({"ts", "timestamp", *(kind.TIME_FIELD for kind in EVENTS.values())})
_LONGEST_NUMBER = 64

_read: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
Ids = Mapping[str, str]


class Difference(NamedTuple):
    """A field in which two payloads differ: its path, and both values (None: not there, or null)."""

    field: str
    recorded: Any
    replayed: Any


def read_fields(payload: bytes) -> dict[str, Any]:
    """A payload's fields, numbers as they are written. Raises msgspec.MsgspecError."""
    return _read.decode(payload)


def plain(fields: Mapping[str, Any]) -> str:
    """A text that is the same for fields that say the same, as far as what each run makes anew goes."""
    kept = {name: one for name, one in fields.items() if name not in IGNORED and name not in TIMES}
    return repr(_plain(kept))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted((name, _plain(one)) for name, one in value.items() if one is not None)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    number = None if isinstance(value, str) else _number(value)
    return value if number is None else str(number.normalize())


def differences(recorded: bytes, replayed: bytes, ids: Ids) -> Iterator[Difference]:
    """The fields of two payloads that differ, times left out.

    ids: of the recorded run, with what the same thing is called in the other.
    """
    if recorded != replayed:
        left, right = read_fields(recorded), read_fields(replayed)
        for name in dict.fromkeys((*left, *right)):
            if name not in IGNORED and name not in TIMES:
                yield from _differences(name, left.get(name), right.get(name), ids)


def _differences(path: str, left: Any, right: Any, ids: Ids) -> Iterator[Difference]:
    if isinstance(left, dict) and isinstance(right, dict):
        for name in dict.fromkeys((*left, *right)):
            yield from _differences(f"{path}.{name}", left.get(name), right.get(name), ids)
    elif isinstance(left, list) and isinstance(right, list):
        for place, (one, other) in enumerate(zip_longest(left, right)):
            yield from _differences(f"{path}[{place}]", one, other, ids)
    elif not same(left, right, ids):
        yield Difference(path, left, right)


def same(left: Any, right: Any, ids: Ids) -> bool:
    """Whether two values say the same: 1.80, 1.8 and "1.8" do; true and 1 do not."""
    if type(left) is type(right) and left == right:
        return True
    if isinstance(left, str) and isinstance(right, str):
        return ids.get(left) == right
    number, other = _number(left), _number(right)
    return number is not None and number == other


def _number(value: Any) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER:
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
