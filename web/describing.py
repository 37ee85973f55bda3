"""The API's description as a person reads it: calls with what they take and answer, shapes with their fields. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_SHAPE = "#/components/schemas/"
Json = Mapping[str, Any]


class Kind(NamedTuple):
    """What a value is, in words; shape: the shape that it is, or holds."""

    words: str
    shape: str | None = None


class Field(NamedTuple):
    """A field of a shape, or a parameter of a call. where: of a parameter, `path`, `query`, `header`, `body`."""

    name: str
    kind: Kind
    required: bool
    says: str
    where: str = ""


class Reply(NamedTuple):
    """What a call answers under a status."""

    status: str
    says: str
    content: list[tuple[str, Kind]]


class Call(NamedTuple):
    """A method of an address."""

    method: str
    path: str
    summary: str
    says: str
    parameters: list[Field]
    replies: list[Reply]
    #: statuses whose answer is a problem
    problems: list[str]

    @property
    def anchor(self) -> str:
        """Where it stands on the page."""
        return f"{self.method.lower()}{self.path}".replace("{", "").replace("}", "").replace("/", "-")


class Shape(NamedTuple):
    """An object with fields, or a value that has a name."""

    name: str
    says: str
    fields: list[Field]
    kind: Kind


def calls_of(document: Json) -> list[Call]:
    """All calls, in the order of the description."""
    return [
        _call(method, path, said)
        for path, methods in document["paths"].items()
        for method, said in methods.items()
        if isinstance(said, Mapping)
    ]


def shapes_of(document: Json) -> list[Shape]:
    """All shapes, by name."""
    return [_shape(name, schema) for name, schema in sorted(document["components"]["schemas"].items())]


def _call(method: str, path: str, said: Json) -> Call:
    replies = [_reply(status, one) for status, one in said["responses"].items()]
    problems = [
        one.status for one in replies if any(kind == "application/problem+json" for kind, _ in one.content)
    ]
    return Call(
        method.upper(),
        path,
        said.get("summary", ""),
        said.get("description", ""),
        [*map(_parameter, said.get("parameters", ())), *_body(said.get("requestBody"))],
        [one for one in replies if one.status not in problems],
        problems,
    )


def _reply(status: str, said: Json) -> Reply:
    content = [(kind, _kind(one.get("schema", {}))) for kind, one in said.get("content", {}).items()]
    return Reply(status, said.get("description", ""), content)


def _parameter(said: Json) -> Field:
    kind = _kind(said.get("schema", {}))
    return Field(said["name"], kind, said.get("required", False), _says(said), said["in"])


def _body(said: Json | None) -> Iterator[Field]:
    for kind, one in (said or {}).get("content", {}).items():
        yield Field(kind, _kind(one.get("schema", {})), (said or {}).get("required", False), "", "body")


def _says(said: Json) -> str:
    return str(said.get("description", "") or said.get("schema", {}).get("description", ""))


def _shape(name: str, schema: Json) -> Shape:
    required = set(schema.get("required", ()))
    fields = [
        Field(field, _kind(one), field in required, one.get("description", ""))
        for field, one in schema.get("properties", {}).items()
    ]
    return Shape(name, schema.get("description", ""), fields, _kind(schema))


def _kind(schema: Json) -> Kind:
    """`text`, `number 0 to 1`, `list of Signal`, `long | short`."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_SHAPE)
        return Kind(name, name)
    if "enum" in schema:
        return Kind(" | ".join(map(str, schema["enum"])))
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return _either(schema[several])
    if schema.get("type") == "array":
        held = _kind(schema.get("items", {}))
        return Kind(f"list of {held.words}", held.shape)
    if schema.get("type") == "object" and schema.get("additionalProperties"):
        extra = schema["additionalProperties"]
        held = _kind(extra if isinstance(extra, Mapping) else {})
        return Kind(f"{held.words} by name", held.shape)
    return Kind(_plain(schema))


def _either(schemas: list[Json]) -> Kind:
    kinds = [_kind(one) for one in schemas]
    named = sorted(kinds, key=lambda one: one.words == "null")
    return Kind(
        " or ".join(one.words for one in named), next((one.shape for one in kinds if one.shape), None)
    )


_NAMES = {"string": "text", "integer": "whole number", "boolean": "true or false", "object": "object"}
_FORMATS = {"date-time": "time", "date": "day", "uuid": "UUID", "duration": "duration"}


def _plain(schema: Json) -> str:
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(str(_NAMES.get(one, one)) for one in kind)
    name = _FORMATS.get(schema.get("format", "")) or _NAMES.get(kind, kind)
    return " ".join((str(name), *_bounds(schema)))


def _bounds(schema: Json) -> Iterator[str]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        yield f"{low} to {high}"
    elif low is not None:
        yield f"from {low}"
    elif high is not None:
        yield f"up to {high}"
    if "maxLength" in schema:
        yield f"of at most {schema['maxLength']} characters"
    if "pattern" in schema:
        yield f"like {schema['pattern']}"
