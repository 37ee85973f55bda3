"""Values that an engine may hand to emit by mistake, each by a name, so that a failing example can be read."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import numpy as np
from hypothesis import strategies as st


class Trouble(Exception):
    """What a hostile object raises."""


def _raises(*_: object, **__: object) -> NoReturn:
    raise Trouble


#: An object of a database session that is over: whatever it is asked raises.
_EVERYTHING = (
    *(
        "__repr__",
        "__str__",
        "__eq__",
        "__hash__",
        "__len__",
        "__iter__",
        "__bool__",
        "__getitem__",
        "__format__",
    ),
    *(
        "__contains__",
        "__float__",
        "__int__",
        "__index__",
        "__lt__",
        "__getattr__",
        "tolist",
        "keys",
        "items",
    ),
)
Detached = type("Detached", (), dict.fromkeys(_EVERYTHING, _raises))
DetachedText = type(
    "DetachedText", (str,), dict.fromkeys(("__repr__", "__str__", "__eq__", "__format__"), _raises)
)
DetachedText.__hash__ = str.__hash__  # type: ignore[assignment, method-assign]
DetachedNumber = type("DetachedNumber", (float,), dict.fromkeys(("__repr__", "__str__", "__eq__"), _raises))
DetachedWhole = type(
    "DetachedWhole", (int,), dict.fromkeys(("__repr__", "__str__", "__eq__", "__add__"), _raises)
)
DetachedDict = type(
    "DetachedDict", (dict,), dict.fromkeys(("__repr__", "keys", "items", "get", "__iter__"), _raises)
)
DetachedList = type("DetachedList", (list,), dict.fromkeys(("__repr__", "__iter__", "__len__"), _raises))


class LiesAboutItsClass:
    """Its class is something else, or not to be had."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise Trouble


class EndlessArray:
    """As a list it is another one of its kind: so is every mock."""

    def tolist(self) -> EndlessArray:
        return EndlessArray()


class Zone(dt.tzinfo):
    """A time zone that cannot say how far it is."""

    def utcoffset(self, _when: dt.datetime | None) -> NoReturn:
        raise Trouble

    dst = tzname = utcoffset


class OddMapping(Mapping[Any, Any]):
    """A mapping that breaks off in the middle."""

    def __getitem__(self, key: Any) -> Any:
        raise Trouble

    def __iter__(self) -> Iterator[Any]:
        yield "symbol"
        raise Trouble

    def __len__(self) -> int:
        return 3


class Regime(enum.Enum):
    TREND = "trend"


class Number(enum.IntEnum):
    ONE = 1


@dataclasses.dataclass
class Position:
    price: float = float("nan")
    odd: Any = None


class Struct(msgspec.Struct):
    price: float = float("nan")


Pair = collections.namedtuple("Pair", "price qty")


def _deep(make: Callable[[Any], Any], depth: int = 5000) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = make(value)
    return value


def _round() -> Any:
    value: dict[str, Any] = {}
    value["self"] = [value]
    return value


#: Makers by name.
OBJECTS: dict[str, Callable[[], Any]] = {
    "detached object": Detached,
    "detached text": lambda: DetachedText("SOL-USDT"),
    "detached number": lambda: DetachedNumber(1.5),
    "detached whole": lambda: DetachedWhole(3),
    "detached dict": lambda: DetachedDict(symbol="X"),
    "detached list": lambda: DetachedList([1]),
    "class that lies": LiesAboutItsClass,
    "mapping that breaks off": OddMapping,
    "endless array": EndlessArray,
    "deep list": lambda: _deep(lambda inner: [inner]),
    "deep dict": lambda: _deep(lambda inner: {"a": inner}),
    "deep tuple": lambda: _deep(lambda inner: (inner,)),
    "circle": _round,
    "huge whole": lambda: 10**5000,
    "huge negative whole": lambda: -(10**5000),
    "whole beyond 64 bits": lambda: 2**64,
    "nan": lambda: float("nan"),
    "infinity": lambda: float("-inf"),
    "tiny": lambda: 5e-324,
    "negative zero": lambda: -0.0,
    "signalling nan": lambda: decimal.Decimal("sNaN"),
    "decimal nan": lambda: decimal.Decimal("NaN"),
    "decimal infinity": lambda: decimal.Decimal("Infinity"),
    "decimal beyond numeric": lambda: decimal.Decimal("1e200000"),
    "decimal below numeric": lambda: decimal.Decimal("1e-200000"),
    "decimal with many digits": lambda: decimal.Decimal("1." + "7" * 20_000),
    "fraction": lambda: fractions.Fraction(1, 3),
    "complex": lambda: 1j,
    "float32 nan": lambda: np.float32("nan"),
    "float64 nan": lambda: np.float64("nan"),
    "float32": lambda: np.float32(0.1),
    "int64": lambda: np.int64(3),
    "bool_": lambda: np.bool_(True),
    "array": lambda: np.array([1.5, float("nan")]),
    "array of objects": lambda: np.array([object(), None]),
    "datetime64": lambda: np.datetime64("2022-01-17T09:30"),
    "not a time": lambda: np.datetime64("NaT"),
    "set with nan": lambda: {1.5, float("nan")},
    "frozenset": lambda: frozenset({1}),
    "dataclass with nan": Position,
    "dataclass with a detached object": lambda: Position(1.5, Detached()),
    "struct with nan": Struct,
    "namedtuple": lambda: Pair(1.5, float("nan")),
    "enum": lambda: Regime.TREND,
    "whole enum": lambda: Number.ONE,
    "type": lambda: int,
    "function": lambda: _raises,
    "generator": lambda: (number for number in range(3)),
    "range": lambda: range(3),
    "unset": lambda: msgspec.UNSET,
    "raw json": lambda: msgspec.Raw(b'{"a":'),
    "raw json that is well": lambda: msgspec.Raw(b"1.5"),
    "exception": lambda: Trouble("x"),
    "bytes": lambda: b"\xff\x00",
    "bytearray": lambda: bytearray(b"abc"),
    "memoryview": lambda: memoryview(b"abc"),
    "path": lambda: Path("/x"),
    "uuid": uuid.uuid4,
    "date": lambda: dt.date(2022, 1, 17),
    "time": lambda: dt.time(9, 30),
    "span": lambda: dt.timedelta(minutes=3),
    "first time": lambda: dt.datetime.min,
    "last time": lambda: dt.datetime.max,
    "time before 1970": lambda: dt.datetime(1900, 1, 1, tzinfo=dt.UTC),
    "time far east": lambda: dt.datetime(2022, 1, 17, tzinfo=dt.timezone(dt.timedelta(hours=23, minutes=59))),
    "time in a zone that raises": lambda: dt.datetime(2022, 1, 17, tzinfo=Zone()),
    "lone surrogate": lambda: "\ud800",
    "nul": lambda: "a\x00b",
    "long text": lambda: "x" * 2_000_000,
    "empty text": lambda: "",
    "odd text": lambda: '\\u0000"\n\r\u2028',
    "keys that are no text": lambda: {1: 2, None: 3, (1, 2): 4, 1.5: 5},
    "key that is detached": lambda: {DetachedText("a"): 1},
    "key with a surrogate": lambda: {"\ud800": 1},
    "none": lambda: None,
    "true": lambda: True,
    "zero": lambda: 0,
}

#: A recipe: the name of an object, or a list or dict of recipes.
recipes: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(sorted(OBJECTS)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)


def made(recipe: Any) -> Any:
    """The object that a recipe describes."""
    if isinstance(recipe, str):
        return OBJECTS[recipe]()
    if isinstance(recipe, list):
        return [made(inner) for inner in recipe]
    return {key: made(inner) for key, inner in recipe.items()}
