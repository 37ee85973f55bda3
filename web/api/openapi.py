"""`/api/openapi.json`: the API described by itself; its shapes are msgspec's own schemas."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from aiohttp import web

from replay.operations.diff import SessionDiff
from reports.operations.shown import DELAYS
from signaltape import __version__
from signaltape.stream import SESSION_ID
from web.api.describing import REF, Json, content, get, get_or_later, in_path, in_query, json_of
from web.api.ghosts import TYPES as GHOST_TYPES
from web.api.ghosts import paths as ghost_paths
from web.api.json import as_json
from web.api.replay_described import TYPES as REPLAY_TYPES
from web.api.replay_described import paths as replay_paths
from web.api.shapes import ProblemDetails, SignalPage, Weeks, WholeSignal
from web.api.slo import TYPES as SLO_TYPES
from web.api.slo import paths as slo_paths
from web.api.upkeep_described import TYPES as UPKEEP_TYPES
from web.api.upkeep_described import paths as upkeep_paths
from web.diffs import DiffUnderWay
from web.filters import HOURS, OUTCOMES, SIDES, SOURCES, VOTES, WEEKDAYS
from web.health import Health
from web.tape import Line

_TYPES = (
    *(SignalPage, WholeSignal, Weeks, Health, Line, SessionDiff, DiffUnderWay, ProblemDetails),
    *(*GHOST_TYPES, *REPLAY_TYPES, *SLO_TYPES, *UPKEEP_TYPES),
)
#: In the words of JSON Schema.
_SESSION = SESSION_ID.replace(r"\A", "^").replace(r"\Z", "$")


async def show(_request: web.Request) -> web.Response:
    """The description."""
    return as_json(described())


@cache
def described() -> Json:
    """The description, OpenAPI 3.1."""
    _, components = msgspec.json.schema_components(_TYPES, ref_template=REF)
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
    signal_id, week = in_path("signal_id", "format", "uuid"), in_path("week", "pattern", r"^\d{4}-W\d{2}$")
    return {
        "/api/signals": get("Signals, newest first", json_of("SignalPage"), 400, parameters=_filters()),
        "/api/signals/{signal_id}": get(
            "A signal with its events", json_of("WholeSignal"), 404, parameters=[signal_id]
        ),
        "/api/scorecards": get("Weeks whose scorecard was stored", json_of("Weeks")),
        "/api/scorecards/{week}": get(
            "All figures of a week, computed now",
            content("application/json", {"type": "object"}),
            400,
            parameters=[week, *_parameters(_chosen())],
        ),
        "/api/scorecards/{week}.png": _picture("image/png", week),
        "/api/scorecards/{week}.pdf": _picture("application/pdf", week),
        "/api/events": get(
            "The stream as server-sent events: `id` is a place in the stream, `data` a Line",
            content("text/event-stream", {"type": "string"}),
            400,
            parameters=_places(),
        ),
        "/api/replay/sessions/{session_id}/diff": get_or_later(
            "A replay beside its recording: identical, or the first divergence; 202 while it is under way",
            json_of("SessionDiff"),
            json_of("DiffUnderWay"),
            400,
            404,
            409,
            parameters=[in_path("session_id", "pattern", _SESSION), _within()],
        ),
        "/api/health": get("Stations, partitions, journals, versions", json_of("Health")),
        "/api/openapi.json": get("This description", content("application/json", {"type": "object"})),
        **ghost_paths(),
        **replay_paths(),
        **slo_paths(),
        **upkeep_paths(),
    }


def _within() -> Json:
    seconds = {"type": "number", "minimum": 0, "maximum": 86_400}
    return in_query("within", seconds, "how far apart times may be, in s")


def _picture(kind: str, week: Json) -> Json:
    binary = {"type": "string", "contentMediaType": kind}
    return get("The picture of a week's report", content(kind, binary), 400, parameters=[week])


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
            "confidence": {
                "type": "string",
                "description": "the bin that the confidence is in, as of the score",
            },
            "delay": {
                "enum": list(range(len(DELAYS))),
                "description": f"the wait for the entry: {', '.join(DELAYS)}",
            },
            "low": number,
            "high": number,
            "outcome": {"enum": list(OUTCOMES)},
            "vote": {
                "enum": list(VOTES),
                "description": "what most clicked on their alerts before they ended",
            },
            "held": {"type": "string", "maxLength": 200, "description": "why no alert of them was sent"},
            "all": {"enum": ["1"], "description": "look through all signals, however long it takes"},
            "after": {"type": "string", "description": "`next` of the page before"},
            "limit": {"type": "integer", "minimum": 1, "maximum": 500},
        }
    )


def _chosen() -> Json:
    """Filters that scorecards know, too."""
    text = {"type": "string", "maxLength": 200}
    source = {"outcome_from": {"enum": list(SOURCES), "description": "who tells how it ended"}}
    when = {"hour": {"enum": list(HOURS)}, "weekday": {"enum": list(WEEKDAYS)}}
    return {"symbol": text, "side": {"enum": list(SIDES)}, "setup": text, "rules": text, **when, **source}


def _parameters(kinds: Json) -> list[Json]:
    return [{"name": name, "in": "query", "schema": schema} for name, schema in kinds.items()]


def _places() -> list[Json]:
    text = {"type": "string"}
    return [
        {"name": "Last-Event-ID", "in": "header", "schema": text},
        {"name": "after", "in": "query", "schema": text, "description": "as Last-Event-ID"},
        {"name": "kind", "in": "query", "schema": {"enum": ["all", "signals"]}},
    ]
