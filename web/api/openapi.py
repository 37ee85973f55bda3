"""`/api/openapi.json`: the API described by itself; its shapes are msgspec's own schemas."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from aiohttp import web

from signaltape import __version__
from web.api.json import as_json
from web.api.shapes import ProblemDetails, SignalPage, Weeks, WholeSignal
from web.filters import HOURS, OUTCOMES, SIDES, WEEKDAYS
from web.pages.health import Health
from web.tape import Line

_REF = "#/components/schemas/{name}"
_TYPES = (SignalPage, WholeSignal, Weeks, Health, Line, ProblemDetails)
Json = dict[str, Any]


async def show(_request: web.Request) -> web.Response:
    """The description."""
    return as_json(described())


@cache
def described() -> Json:
    """The description, OpenAPI 3.1."""
    _, components = msgspec.json.schema_components(_TYPES, ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {"title": "signaltape", "version": __version__, "description": (__doc__ or "").strip()},
        "paths": _paths(),
        "components": {
            "schemas": _with_numbers(components),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}, {}],
    }


def _with_numbers(schema: Any) -> Any:
    """Schemas as the answers are: a decimal is written as a number, where msgspec says a text."""
    if isinstance(schema, list):
        return [_with_numbers(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "decimal":
        return {"type": "number"}
    return {name: _with_numbers(value) for name, value in schema.items()}


def _paths() -> Json:
    signal_id, week = _in_path("signal_id", "format", "uuid"), _in_path("week", "pattern", r"^\d{4}-W\d{2}$")
    return {
        "/api/signals": _get("Signals, newest first", _json("SignalPage"), 400, parameters=_filters()),
        "/api/signals/{signal_id}": _get(
            "A signal with its events", _json("WholeSignal"), 404, parameters=[signal_id]
        ),
        "/api/scorecards": _get("Weeks whose scorecard was stored", _json("Weeks")),
        "/api/scorecards/{week}": _get(
            "All figures of a week, computed now",
            _content("application/json", {"type": "object"}),
            400,
            parameters=[week, *_parameters(_chosen())],
        ),
        "/api/scorecards/{week}.png": _picture("image/png", week),
        "/api/scorecards/{week}.pdf": _picture("application/pdf", week),
        "/api/events": _get(
            "The stream as server-sent events: `id` is a place in the stream, `data` a Line",
            _content("text/event-stream", {"type": "string"}),
            400,
            parameters=_places(),
        ),
        "/api/health": _get("Stations, partitions, journals, versions", _json("Health")),
        "/api/openapi.json": _get("This description", _content("application/json", {"type": "object"})),
    }


def _picture(kind: str, week: Json) -> Json:
    binary = {"type": "string", "contentMediaType": kind}
    return _get("The picture of a week's report", _content(kind, binary), 400, parameters=[week])


def _filters() -> list[Json]:
    number = {"type": "number", "minimum": 0, "maximum": 1}
    day = {"type": "string", "format": "date"}
    return _parameters(
        {
            "since": day,
            "until": day,
            **_chosen(),
            "bin": {
                "type": "string",
                "description": "what a signal calls its bin, or the number of it, from 0 on",
            },
            "low": number,
            "high": number,
            "outcome": {"enum": list(OUTCOMES)},
            "all": {"enum": ["1"], "description": "look through all signals, however long it takes"},
            "after": {"type": "string", "description": "`next` of the page before"},
            "limit": {"type": "integer", "minimum": 1, "maximum": 500},
        }
    )


def _chosen() -> Json:
    """Filters that scorecards know, too."""
    text = {"type": "string", "maxLength": 200}
    when = {"hour": {"enum": list(HOURS)}, "weekday": {"enum": list(WEEKDAYS)}}
    return {"symbol": text, "side": {"enum": list(SIDES)}, "setup": text, "rules": text, **when}


def _parameters(kinds: Json) -> list[Json]:
    return [{"name": name, "in": "query", "schema": schema} for name, schema in kinds.items()]


def _places() -> list[Json]:
    text = {"type": "string"}
    return [
        {"name": "Last-Event-ID", "in": "header", "schema": text},
        {"name": "after", "in": "query", "schema": text, "description": "as Last-Event-ID"},
        {"name": "kind", "in": "query", "schema": {"enum": ["all", "signals"]}},
    ]


def _in_path(name: str, rule: str, value: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", rule: value}}


def _get(summary: str, content: Json, *errors: int, parameters: list[Json] | None = None) -> Json:
    problem = _content("application/problem+json", {"$ref": _REF.format(name="ProblemDetails")})
    responses: Json = {"200": {"description": summary, "content": content}}
    for status in (*errors, 401, 421, 429, 503):
        responses[str(status)] = {"description": "A problem (RFC 9457)", "content": problem}
    return {"get": {"summary": summary, "parameters": parameters or [], "responses": responses}}


def _json(name: str) -> Json:
    return _content("application/json", {"$ref": _REF.format(name=name)})


def _content(kind: str, schema: Json) -> Json:
    return {kind: {"schema": schema}}
