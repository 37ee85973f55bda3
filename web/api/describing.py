"""Pieces of which the API's description is put together (OpenAPI 3.1)."""

from __future__ import annotations

from typing import Any

REF = "#/components/schemas/{name}"
Json = dict[str, Any]
#: What any call may answer: no key, another Host, too many, something is away.
_ALWAYS = (401, 421, 429, 503)


def get(summary: str, content: Json, *errors: int, parameters: list[Json] | None = None) -> Json:
    """A call that reads."""
    return {"get": _call(summary, content, errors, parameters)}


def post(
    summary: str, content: Json, body: Json | None, *errors: int, parameters: list[Json] | None = None
) -> Json:
    """A call that writes, or that takes more than an address holds. body: its schema; None: it takes none."""
    call = _call(summary, content, (*errors, 403), parameters)
    if body is not None:
        call["requestBody"] = {"required": True, "content": content_of("application/json", body)}
    return {"post": call}


def _call(summary: str, content: Json, errors: tuple[int, ...], parameters: list[Json] | None) -> Json:
    problem = content_of("application/problem+json", named("ProblemDetails"))
    responses: Json = {"200": {"description": summary, "content": content}}
    for status in (*errors, *_ALWAYS):
        responses[str(status)] = {"description": "A problem (RFC 9457)", "content": problem}
    return {"summary": summary, "parameters": parameters or [], "responses": responses}


def in_path(name: str, schema: Json) -> Json:
    """A part of the address."""
    return {"name": name, "in": "path", "required": True, "schema": schema}


def in_query(kinds: dict[str, Json]) -> list[Json]:
    """What may follow the address, by name."""
    return [{"name": name, "in": "query", "schema": schema} for name, schema in kinds.items()]


def named(name: str) -> Json:
    """A schema of the components."""
    return {"$ref": REF.format(name=name)}


def json_of(name: str) -> Json:
    """An answer in JSON of a shape of the components."""
    return content_of("application/json", named(name))


def content_of(kind: str, schema: Json) -> Json:
    """An answer of another kind."""
    return {kind: {"schema": schema}}
