"""Why an event was refused, in words that name the field, its rule and the value."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from signaltape.contract.limits import read_plainly
from signaltape.contract.walking import walk
from signaltape.errors import InvalidEvent
from signaltape.showing import show

_PATH = re.compile(r" - at (`key` in )?`\$\.?(.*)`$")
_MISSING = re.compile(r"missing required field `(.+?)`")
_PART = re.compile(r"[^.\[]+|\[[^\]]*\]")
#: What msgspec says of a place in an object with any keys.
_SOME_KEY = "[...]"
#: The keys of an object themselves, which have a rule of their own.
_NAMES = "[names]"
#: So many keys are tried to find which one it was.
_TRIED = 200
_SURROGATE = re.compile("[\ud800-\udfff]")
#: What a refusal of something that is no JSON begins with.
NO_JSON = "data must be JSON"
_write = msgspec.json.Encoder(decimal_format="number").encode

Place = list[str | int]


def explain(kind: type[Struct], data: bytes, error: msgspec.ValidationError) -> str:
    """Turn msgspec's message into one that names the field, its rule and the value."""
    text = str(error)
    missing = _MISSING.search(text)
    at = _PATH.search(text)
    if not at or not at.group(2):  # raised by a struct's own __post_init__, or the whole is no object
        if missing:
            return f"{missing.group(1)} is required"
        return text if " must " in text or " is required" in text else f"data must be an object: {text}"
    try:
        raw = read_plainly(data)
    except (InvalidEvent, msgspec.DecodeError, UnicodeDecodeError):
        raw = None
    place = _find(kind, raw, _PART.findall(at.group(2)), text)
    path = _written(place)
    if missing:
        return f"{path}.{missing.group(1)} is required"
    if at.group(1):
        rule = _rule_of(kind, [*place, _NAMES]) or f"are wrong: {text[: at.start()]}"
        return f"the names in {path} {rule}"
    rule = _rule_of(kind, place) or f"is wrong: {text[: at.start()]}"
    if _SOME_KEY in place:  # nobody knows which
        return f"{path} {rule}"
    return f"{path} {rule}, got {show(_value_at(raw, place))}"


def explain_nan(kind: type[Struct], data: bytes) -> str:
    """The message for a number that is not one."""
    for path, value in read_plainly(data).items():
        if isinstance(value, str) and "nan" in value.lower() and (rule := _rule_of(kind, [path])):
            return f"{path} {rule}, got {show(value)}"
    return "every number must be finite"


def explain_malformed(data: bytes, error: Exception) -> str:
    """The message for what is no JSON; for a text that is no UTF-8, with the place where it stands."""
    try:
        # Python's own reader takes half of a surrogate pair for a character, and so the text can be found.
        found = _no_utf8(json.loads(data.decode("utf-8", "surrogateescape")))
    except (ValueError, RecursionError):
        found = None
    if found is None:
        return f"{NO_JSON}: {error}"
    if isinstance(error, UnicodeDecodeError):
        return f"{NO_JSON}: {error} (in {found[0]})"
    return _refuse_text(*found)


def explain_unwritable(plain: Any, error: UnicodeEncodeError) -> str:
    """The message for values of which one is a text that cannot be written."""
    found = _no_utf8(plain)
    return _refuse_text(*found) if found is not None else f"a text cannot be written: {error}"


def _refuse_text(path: str, text: str) -> str:
    return f"{path} must be a text that UTF-8 can hold, got {show(text)}"


def _no_utf8(value: Any) -> tuple[str, str] | None:
    """Where the first text within a plain value stands that UTF-8 cannot hold, and the text."""
    texts = ((path, one) for path, _, one in walk(value) if isinstance(one, str))
    return next(((path or "a name", one) for path, one in texts if _SURROGATE.search(one)), None)


def _find(kind: type[Struct], raw: Any, parts: list[str], text: str) -> Place:
    """The place that msgspec's path means, as far as it can be told: it does not name the keys of an object."""
    place: Place = []
    for part in parts:
        inside = _value_at(raw, place)
        if part == _SOME_KEY:
            keys = list(islice(inside, _TRIED)) if isinstance(inside, dict) else []
            guilty = (key for key in keys if _says_the_same(kind, _narrowed(raw, place, key), text))
            place.append(next(guilty, _SOME_KEY))
        elif part.startswith("["):
            place.append(int(part[1:-1]))
        else:
            place.append(part)
    return place


def _says_the_same(kind: type[Struct], narrowed: Any, text: str) -> bool:
    try:
        msgspec.json.decode(_write(narrowed), type=kind)
    except msgspec.ValidationError as error:
        return str(error) == text
    except (InvalidEvent, ArithmeticError):
        pass
    return False


def _narrowed(raw: Any, place: Place, key: str) -> Any:
    """`raw` with the object at `place` holding nothing but `key`."""
    if not place:
        return {key: raw[key]}
    return {**raw, place[0]: _narrowed(raw[place[0]], place[1:], key)}


def _written(place: Place) -> str:
    steps = (
        f"[{step}]" if isinstance(step, int) else step if step == _SOME_KEY else f".{step}" for step in place
    )
    return "".join(steps).removeprefix(".")


def _value_at(value: Any, place: Place) -> Any:
    for step in place:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return None
    return value


def _rule_of(kind: type[Struct], place: Place) -> str | None:
    """The rule that the field at `place` states, if it states one."""
    if place == ["scenarios", "primary", "side"]:
        place = ["side"]
    schema = msgspec.json.schema(kind)
    definitions = schema["$defs"]
    nodes = [definitions[kind.__name__]]
    for step in place:
        nodes = [inner for node in _choices(nodes, definitions) for inner in _inside(node, step)]
    said = (node.get("description") for node in _choices(nodes, definitions))
    return next((rule for rule in said if isinstance(rule, str) and rule.startswith("must be")), None)


def _choices(nodes: list[dict[str, Any]], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    """Nodes of a JSON Schema, and behind them what they refer to or offer as choices."""
    found = []
    for node in nodes:
        found.append(node)
        if "$ref" in node:
            found += _choices([definitions[node["$ref"].rpartition("/")[2]]], definitions)
        found += _choices(node.get("anyOf", []), definitions)
    return found


def _inside(node: dict[str, Any], step: str | int) -> list[dict[str, Any]]:
    if isinstance(step, int):
        items = node.get("prefixItems", [])
        return (
            items[step : step + 1]
            if items
            else [node["items"]]
            if isinstance(node.get("items"), dict)
            else []
        )
    if step in node.get("properties", {}):
        return [node["properties"][step]]
    if step == _NAMES:
        return [node["propertyNames"]] if "propertyNames" in node else []
    return [node["additionalProperties"]] if isinstance(node.get("additionalProperties"), dict) else []
