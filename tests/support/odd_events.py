"""Events and records as hostile or careless engines make them, for tests of what becomes of those that are accepted."""

from __future__ import annotations

import dataclasses
import enum
import uuid
from datetime import UTC, date, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from tests.support.records import RECORD_SAMPLES
from tests.support.samples import ALL_SAMPLES


@dataclasses.dataclass
class Made:
    """A dataclass with whatever in it."""

    value: Any


class Level(enum.Enum):
    """An enumeration of numbers."""

    LOW = 0.25
    HIGH = 2


class Scalar:
    """What numpy's scalars and arrays offer."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def tolist(self) -> Any:
        return self._value


_zones = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_numbers = st.one_of(
    st.integers(),
    st.integers(-(10**1200), 10**1200),
    st.floats(),
    st.decimals(),
    st.builds(
        lambda digits, exponent: Decimal(digits).scaleb(exponent), st.integers(), st.integers(-20_000, 20_000)
    ),
    st.sampled_from(
        [10**400, 10**1099, 10**1100, -0.0, 5e-324, 1.7976931348623157e308, Decimal("-0E-16390")]
    ),
    st.sampled_from(
        [30.0, 30.5, 2.0**53, 1_642_376_400_123, 1_642_376_400_123.456, Decimal("9007199254740993.0")]
    ),
)
_texts = st.one_of(
    st.text(st.characters(), max_size=8),  # lone surrogates and NUL too
    st.sampled_from(
        ["", "\0", "\\u0000", "\ud800", "é" * 512, "x" * 513, "é" * 1400, "\\N", "\t\n\r\\.", "1e200000"]
    ),
    st.sampled_from(
        ["2022-01-17T09:30:00+15:59", "2022-01-17T09:30:00-16:00", "2022-01-17T23:59:60Z", "2022-01-17"]
    ),
    st.sampled_from(
        ["1970-01-01T00:00:00+15:59", "2199-12-31T23:59:59.9999999-15:59", "2022-01-17T09:30:00.123456789"]
    ),
)
_scalars = st.one_of(
    st.none(),
    st.booleans(),
    _numbers,
    _texts,
    st.binary(max_size=8),
    st.datetimes(timezones=st.none() | st.just(UTC) | _zones),
    st.sampled_from(
        [uuid.UUID(int=7), date(2022, 1, 17), time(9, 30), timedelta(days=1), Level.LOW, Level.HIGH]
    ),
)
_keys = st.one_of(_texts, st.text(max_size=4), st.integers(0, 9), st.floats())
#: Any value an engine might put into an event.
values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(_keys, inner, max_size=3),
        inner.map(Made),
        inner.map(Scalar),
        st.frozensets(st.floats() | st.integers(), max_size=3),
    ),
    max_leaves=6,
)
_layers = st.dictionaries(
    _texts,
    st.one_of(
        st.sampled_from([True, False, "match", "not_match", "maybe"]),
        st.fixed_dictionaries({"match": st.just(True)}, optional={"weight": _numbers, "value": values}),
    ),
    max_size=3,
)


def _fields_of(
    name: str, sample: dict[str, Any], known: list[str]
) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    changed = st.dictionaries(st.sampled_from(known), values, max_size=2)
    unknown = st.dictionaries(_texts, values, max_size=2)
    layers = (
        st.fixed_dictionaries({}, optional={"layers": _layers}) if name == "signal_published" else st.just({})
    )
    return st.builds(
        lambda *parts: (name, {**sample, **{k: v for part in parts for k, v in part.items()}}),
        unknown,
        layers,
        changed,
    )


def _known(kinds: dict[str, type[msgspec.Struct]], name: str) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(kinds[name])]


def odd_events(
    events: dict[str, type[msgspec.Struct]], records: dict[str, type[msgspec.Struct]]
) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Events and records by name, of which about one half is valid. Their ids are left to the caller."""
    of_events = [_fields_of(name, make(), _known(events, name)) for name, make in ALL_SAMPLES.items()]
    of_records = [_fields_of(name, sample, _known(records, name)) for name, sample in RECORD_SAMPLES.items()]
    return st.one_of(*of_events, *of_records)
