"""Values that an engine should not have: each raises, lies or does not end where it is asked."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

import msgspec
from hypothesis import strategies as st

from tests.support.odd_events import values


class Detached:
    """As an object of a database session that is over."""

    def __getattr__(self, name: str) -> NoReturn:
        raise RuntimeError(f"detached: {name}")

    def __repr__(self) -> NoReturn:
        raise RuntimeError("detached")

    __str__ = __repr__


class EvilText(str):
    """A text whose every question raises."""

    def _raise(self, *_: object) -> NoReturn:
        raise ValueError("evil")

    __eq__ = __hash__ = __repr__ = __str__ = __len__ = __getitem__ = __format__ = _raise
    removesuffix = removeprefix = lower = encode = isascii = _raise  # type: ignore[assignment]


class EvilKey(EvilText):
    """The same as a key of a dict: that needs a hash."""

    __hash__ = str.__hash__  # type: ignore[assignment]


class Unreadable(dict):  # type: ignore[type-arg]
    """A mapping that does not let itself be read."""

    def _raise(self, *_: object) -> NoReturn:
        raise KeyError("evil")

    keys = items = __getitem__ = get = __contains__ = __iter__ = __len__ = _raise


class EvilMapping(Mapping):  # type: ignore[type-arg]
    """The same, without being a dict."""

    def __getitem__(self, key: object) -> NoReturn:
        raise KeyError(key)

    def __iter__(self) -> Iterator[Any]:
        yield "signal_id"
        raise RuntimeError("evil")

    def __len__(self) -> int:
        return 1


class EvilError(Exception):
    """Does not say what it is."""

    def __str__(self) -> NoReturn:
        raise RuntimeError("evil")

    __repr__ = __str__


class Raising:
    """Looks like numpy's values, and raises what cannot be shown."""

    def tolist(self) -> NoReturn:
        raise EvilError


class EvilType(type):
    """A class that does not tell its name."""

    def __getattribute__(cls, name: str) -> NoReturn:
        raise RuntimeError("evil")


class Nameless(metaclass=EvilType):
    """Of that class."""


class Kind(enum.Enum):
    """Kinds as an engine may have them."""

    RISK = "risk"
    NUMBER = 7


def _deep(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def _circle() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


HOSTILE: list[Any] = [
    *(Detached(), EvilText("x"), EvilMapping(), Raising(), Nameless(), Unreadable(a=1)),
    *(10**5000, -(10**5000), _deep(950), _deep(100_000), _circle(), (one for one in "ab"), lambda: None),
    *({1: 2}, {EvilKey("x"): 1}, {(1, 2): 3}, {"a": {object(): 1}}, [Detached()], {"a": Detached()}),
    *(float("nan"), "\ud800", b"\xff", object(), type, msgspec.Raw(b"}{"), EvilError(), ..., NotImplemented),
]


class Given(NamedTuple):
    """What to pass in: one of the hostile values by its number (hypothesis itself would ask it things), or another."""

    number: int | None
    other: Any = None

    @property
    def real(self) -> Any:
        return self.other if self.number is None else HOSTILE[self.number]


hostile = st.integers(0, len(HOSTILE) - 1).map(Given) | values.map(lambda one: Given(None, one))
