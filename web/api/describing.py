"""Pieces of the API's description."""

from __future__ import annotations

from typing import Any

REF = "#/components/schemas/{name}"
Json = dict[str, Any]
#: Whoever asks may be nobody that is known, or ask too often, or the wrong name; and servers may be away.
_ALWAYS = (401, 421, 429, 503)
_SAID = {
    429: "A problem (RFC 9457): more than may be asked in a minute, or at once; Retry-After says when again"
}
#: A body may be no JSON, or too large; a form may be another site's, and a key may be for reading only.
_OF_A_BODY = (400, 403, 413, 422)


def get(summary: str, answer: Json, *errors: int, parameters: list[Json] | None = None) -> Json:
    """A call that reads."""
    responses = {"200": {"description": summary, "content": answer}, **_problems(*errors)}
    return {"get": {"summary": summary, "parameters": parameters or [], "responses": responses}}


def get_or_later(
    summary: str, answer: Json, later: Json, *errors: int, parameters: list[Json] | None = None
) -> Json:
    """A call that reads what may not be done yet: 202 says how far it is."""
    call = get(summary, answer, *errors, parameters=parameters)
    call["get"]["responses"]["202"] = {"description": "It is under way", "content": later}
    return call


def post(summary: str, body: str, answers: dict[int, Json], *errors: int) -> Json:
    """A call that changes something; its body is a struct, by its name."""
    said = {str(status): {"description": summary, "content": answer} for status, answer in answers.items()}
    return {
        "post": {
            "summary": summary,
            "requestBody": {"required": True, "content": json_of(body)},
            "responses": {**said, **_problems(*_OF_A_BODY, *errors)},
        }
    }


def in_path(name: str, rule: str, value: Any) -> Json:
    """A part of the address."""
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", rule: value}}


def in_query(name: str, schema: Json, said: str = "") -> Json:
    """A part behind the question mark."""
    return {"name": name, "in": "query", "schema": schema, "description": said}


def json_of(name: str) -> Json:
    """A struct as JSON."""
    return content("application/json", {"$ref": REF.format(name=name)})


def content(kind: str, schema: Json) -> Json:
    """Whatever it is."""
    return {kind: {"schema": schema}}


def _problems(*statuses: int) -> Json:
    problem = content("application/problem+json", {"$ref": REF.format(name="ProblemDetails")})
    return {
        str(one): {"description": _SAID.get(one, "A problem (RFC 9457)"), "content": problem}
        for one in (*statuses, *_ALWAYS)
    }
