"""Why an event was refused, in words that name the field, its rule and the value."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from signaltape.errors import InvalidEvent

_PATH = re.compile(r" - at `\$\.?(.*)`$")
_MISSING = re.compile(r"missing required field `(.+?)`")
_SHOWN_CHARS = 80


def refuse_nul(data: bytes) -> None:
    """Raise InvalidEvent if a text in `data` holds the character NUL, which Postgres cannot store."""

    def walk(value: Any) -> None:
        if isinstance(value, str):
            if "\0" in value:
                raise InvalidEvent(f"a text must not contain the NUL character, got {show_value(value)}")
        elif isinstance(value, dict):
            for key, inner in value.items():
                walk(key)
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(msgspec.json.decode(data))


def explain(kind: type[Struct], data: bytes, error: msgspec.ValidationError) -> str:
    """Turn msgspec's message into one that names the field, its rule and the value."""
    text = str(error)
    missing = _MISSING.search(text)
    at = _PATH.search(text)
    path = at.group(1) if at else ""
    if missing:
        inside = f"{path}." if path else ""
        return f"{inside}{missing.group(1)} is required"
    if not path:  # raised by a struct's own __post_init__, or the whole is no object
        return text if " must " in text or " is required" in text else f"data must be an object: {text}"
    rule = _rule_of(kind, path) or f"is wrong: {text[: at.start()] if at else text}"
    try:
        raw = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return f"{path} {rule}, and data must be JSON"
    return f"{path} {rule}, got {show_value(_value_at(raw, path))}"


def explain_nan(kind: type[Struct], data: bytes) -> str:
    """The message for a number that is not one."""
    for path, value in msgspec.json.decode(data).items():
        if isinstance(value, str) and "nan" in value.lower() and (rule := _rule_of(kind, path)):
            return f"{path} {rule}, got {show_value(value)}"
    return "every number must be finite"


def _rule_of(kind: type[Struct], path: str) -> str | None:
    """The rule that the field at `path` states, if it is a field of the event itself or of its side."""
    if path == "scenarios.primary.side":
        path = "side"
    schema = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"].get(path)
    if schema is None:
        return None
    description = schema.get("description")
    return description if isinstance(description, str) else _nested_description(schema)


def _nested_description(schema: dict[str, Any]) -> str | None:
    for choice in schema.get("anyOf", ()):
        if isinstance(choice.get("description"), str):
            return str(choice["description"])
    return None


def _value_at(value: Any, path: str) -> Any:
    for key in path.split("."):
        if not isinstance(value, dict):
            break
        value = value.get(key)
    return value


def show_value(value: Any) -> str:
    """A value as it stands in a message: cut where it is long."""
    shown = repr(value)
    return shown if len(shown) <= _SHOWN_CHARS else shown[: _SHOWN_CHARS - 1] + "…"
