"""What an engine's own record says, whatever its fields: names and values, flat, the plain ones first. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from desk.answers.page import name
from outbox.wording import number

#: Said elsewhere, or of the machinery.
_NOT_SAID = frozenset({"id", "timestamp", "ts", "symbol", "eventType", "event_type", "engine", "v"})
#: Fields that sum a record up, the most telling first: one of them is its headline.
_TELLING = ("bias", "regime", "side", "direction", "state", "trend", "score", "total", "value")
MOST = 30
_DEEPEST = 4
_NAME_WIDE, _VALUE_WIDE = 20, 14
_LIST_SHOWN = 3
_EXACT = msgspec.json.Decoder(float_hook=Decimal)


class Fact(NamedTuple):
    """One field: its path (`scores.smc`), and its value in words."""

    path: str
    value: str

    def __str__(self) -> str:
        return f"{self.path} {self.value}"


def facts(payload: str | None) -> list[Fact]:
    """The fields of a record; those of its top before those within others. None at all of what cannot be read."""
    try:
        told = _EXACT.decode(payload or "")
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return []
    if not isinstance(told, dict):
        return []
    found = list(_flat("", told, 1))
    return sorted(found, key=lambda fact: (fact.path.count("."), _telling(fact)))[:MOST]


def headline(told: list[Fact]) -> Fact | None:
    """The field that sums it up: by its name, else the first; None of an empty record."""
    return min(told, key=_telling, default=None)


def _telling(fact: Fact) -> tuple[bool, int, int]:
    """The less, the more a field tells: one that is named so, of the top, in the order of the names."""
    last = fact.path.rpartition(".")[2].lower()
    known = last in _TELLING
    return not known, fact.path.count("."), _TELLING.index(last) if known else 0


def _flat(before: str, fields: dict[str, Any], depth: int) -> Iterator[Fact]:
    for key, value in fields.items():
        if depth == 1 and key in _NOT_SAID:
            continue
        path = f"{before}{name(key, _NAME_WIDE)}"
        if isinstance(value, dict) and depth < _DEEPEST:
            yield from _flat(f"{path}.", value, depth + 1)
        else:
            yield Fact(name(path, _NAME_WIDE), _said(value))


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return f"{len(value)} fields"
    if isinstance(value, list):
        short = len(value) <= _LIST_SHOWN and not any(isinstance(one, dict | list) for one in value)
        return name(", ".join(map(_said, value)), _VALUE_WIDE) if short and value else f"{len(value)} values"
    if isinstance(value, Decimal | int):
        return name(number(value), _VALUE_WIDE)
    return name("-" if value is None else value, _VALUE_WIDE)
