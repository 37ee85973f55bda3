"""JSON as PostgreSQL keeps it: which payloads are the same to `=`, and which to the text they are shown as."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

_parse = json.JSONDecoder(parse_float=Decimal, parse_int=Decimal).decode
_quote = json.JSONEncoder(ensure_ascii=False).encode


@lru_cache(maxsize=1024)
def meaning(payload: bytes) -> str:
    """Equal for payloads that are equal to jsonb: 1.50 is 1.5."""
    return _write(_parse(payload.decode()), _shortest)


@lru_cache(maxsize=1024)
def text(payload: bytes) -> str:
    """What `payload::jsonb::text` gives: 1.50 stays 1.50."""
    return _write(_parse(payload.decode()), _plain)


def _write(value: Any, number: Callable[[Decimal], str]) -> str:
    if isinstance(value, dict):
        # names in order of their length, then of their bytes
        names = sorted((len(name.encode()), name.encode(), name) for name in value)
        return "{" + ", ".join(f"{_quote(name)}: {_write(value[name], number)}" for *_, name in names) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_write(one, number) for one in value) + "]"
    if isinstance(value, Decimal):
        return number(value)
    return _quote(value)


def _plain(value: Decimal) -> str:
    written = format(value, "f")
    return written if value else written.lstrip("-")


def _shortest(value: Decimal) -> str:
    written = _plain(value)
    return written.rstrip("0").rstrip(".") if "." in written else written
