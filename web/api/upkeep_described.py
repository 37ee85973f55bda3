"""The description of the calls that look after what is recorded."""

from __future__ import annotations

from typing import Any

from reports.operations.deliveries import STATES, DeliveryPage, WholeDelivery
from reports.operations.rules import WholeVersion
from web.api.describing import Json, get, get_or_later, in_path, in_query, json_of, post
from web.api.upkeep_shapes import (
    DeadLetterPage,
    Done,
    LettersTaken,
    LettersToTake,
    Versions,
    WeightsToTry,
    WhatIfAnswer,
    WhatIfUnderWay,
    WholeDeadLetter,
)

TYPES: tuple[Any, ...] = (
    *(DeadLetterPage, WholeDeadLetter, LettersToTake, LettersTaken),
    *(DeliveryPage, WholeDelivery, Versions, WholeVersion, WeightsToTry, WhatIfAnswer, WhatIfUnderWay, Done),
)
_ID: Json = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
_LIMIT: Json = {"type": "integer", "minimum": 1, "maximum": 500}
_TEXT: Json = {"type": "string", "maxLength": 200}
_DAY: Json = {"type": "string", "format": "date"}


def paths() -> Json:
    """The calls."""
    return {**_letters(), **_deliveries(), **_rules()}


def _letters() -> Json:
    texts = dict.fromkeys(("event", "reason", "stream", "text"), _TEXT)
    filters = {**texts, "since": _DAY, "until": _DAY, "limit": _LIMIT, "below": _ID}
    taken = {200: json_of("LettersTaken")}
    return {
        "/api/dead-letters": get(
            "Dead letters, newest first", json_of("DeadLetterPage"), 400, parameters=_queries(filters)
        ),
        "/api/dead-letters/{number}": get(
            "A dead letter with its bytes, and what a requeue would do now",
            json_of("WholeDeadLetter"),
            404,
            parameters=[_NUMBER],
        ),
        "/api/dead-letters/requeue": post(
            "Send dead letters through again, if they are exactly those that were listed",
            "LettersToTake",
            taken,
            409,
        ),
        "/api/dead-letters/drop": post(
            "Delete dead letters for good, if they are exactly those that were listed",
            "LettersToTake",
            taken,
            409,
        ),
    }


def _deliveries() -> Json:
    filters: dict[str, Json] = {"state": {"enum": list(STATES)}, "limit": _LIMIT, "below": _ID}
    return {
        "/api/deliveries": get(
            "Messages to Telegram, newest first",
            json_of("DeliveryPage"),
            400,
            parameters=_queries(filters),
        ),
        "/api/deliveries/{number}": get(
            "A message with its text and files", json_of("WholeDelivery"), 404, parameters=[_NUMBER]
        ),
        "/api/deliveries/{number}/resend": _act(
            "Queue a message again that is uncertain, failed or expired, or its files", "Done", _NUMBER
        ),
    }


def _rules() -> Json:
    version = in_path("version", "minLength", 1)
    return {
        "/api/rules": get("Versions of the layer weights, newest first", json_of("Versions")),
        "/api/rules/{version}": get(
            "A version with its evidence", json_of("WholeVersion"), 404, parameters=[version]
        ),
        "/api/rules/{version}/accept": _act("Accept a version that is proposed", "WholeVersion", version),
        "/api/rules/{version}/reject": _act("Reject a version that is proposed", "WholeVersion", version),
        "/api/whatif": post(
            "Stored signals scored anew under other weights, beside the scores they were published with:"
            " 202 if that takes more than 5 s",
            "WeightsToTry",
            _WHAT_IF,
            404,
        ),
        "/api/whatif/{id}": get_or_later(
            "What was asked before: 202 while it is under way",
            _WHAT_IF[200],
            _WHAT_IF[202],
            404,
            parameters=[in_path("id", "pattern", "^[0-9a-f]{32}$")],
        ),
    }


_WHAT_IF: dict[int, Json] = {200: json_of("WhatIfAnswer"), 202: json_of("WhatIfUnderWay")}


_NUMBER = in_path("number", "pattern", "^[0-9]{1,18}$")


def _act(summary: str, answer: str, parameter: Json) -> Json:
    """A call that writes and takes no body: as one that reads, but it may be forbidden, or not be possible now."""
    return {"post": get(summary, json_of(answer), 400, 403, 404, 409, parameters=[parameter])["get"]}


def _queries(kinds: dict[str, Json]) -> list[Json]:
    return [in_query(name, schema) for name, schema in kinds.items()]
