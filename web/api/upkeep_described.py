"""The description of the calls that look after what is recorded."""

from __future__ import annotations

from typing import Any

from reports.operations.deliveries import STATES, DeliveryPage, WholeDelivery
from reports.operations.rules import WholeVersion
from web.api.describing import Json, get, in_path, in_query, json_of, named, post
from web.api.upkeep_shapes import (
    DeadLetterPage,
    Done,
    LettersTaken,
    LettersToTake,
    Versions,
    WhatIfAnswer,
    WholeDeadLetter,
)

TYPES: tuple[Any, ...] = (
    *(DeadLetterPage, WholeDeadLetter, LettersToTake, LettersTaken),
    *(DeliveryPage, WholeDelivery, Versions, WholeVersion, WhatIfAnswer, Done),
)
_ID: Json = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
_LIMIT: Json = {"type": "integer", "minimum": 1, "maximum": 500}
_TEXT: Json = {"type": "string", "maxLength": 200}
_DAY: Json = {"type": "string", "format": "date"}
_WEIGHTS: Json = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1_000_000},
}


def paths() -> Json:
    """The calls."""
    return {**_letters(), **_deliveries(), **_rules()}


def _letters() -> Json:
    number, page = in_path("number", _ID), {"limit": _LIMIT, "below": _ID}
    filters: dict[str, Json] = {
        **dict.fromkeys(("event", "reason", "stream", "text"), _TEXT),
        "since": _DAY,
        "until": _DAY,
    }
    which, taken = named("LettersToTake"), json_of("LettersTaken")
    return {
        "/api/dead-letters": get(
            "Dead letters, newest first",
            json_of("DeadLetterPage"),
            400,
            parameters=in_query({**filters, **page}),
        ),
        "/api/dead-letters/{number}": get(
            "A dead letter with its bytes, and what a requeue would do now",
            json_of("WholeDeadLetter"),
            404,
            parameters=[number],
        ),
        "/api/dead-letters/requeue": post(
            "Send dead letters through again, if they are exactly as many as expected", taken, which, 400, 409
        ),
        "/api/dead-letters/drop": post(
            "Delete dead letters for good, if they are exactly as many as expected", taken, which, 400, 409
        ),
    }


def _deliveries() -> Json:
    number = in_path("number", _ID)
    filters: dict[str, Json] = {"state": {"enum": list(STATES)}, "limit": _LIMIT, "below": _ID}
    return {
        "/api/deliveries": get(
            "Messages to Telegram, newest first",
            json_of("DeliveryPage"),
            400,
            parameters=in_query(filters),
        ),
        "/api/deliveries/{number}": get(
            "A message with its text and files", json_of("WholeDelivery"), 404, parameters=[number]
        ),
        "/api/deliveries/{number}/resend": post(
            "Queue a message again that is uncertain, failed or expired, or its files",
            json_of("Done"),
            None,
            404,
            409,
            parameters=[number],
        ),
    }


def _rules() -> Json:
    version = in_path("version", {"type": "string", "minLength": 1, "maxLength": 200})
    whole = json_of("WholeVersion")
    return {
        "/api/rules": get("Versions of the layer weights, newest first", json_of("Versions")),
        "/api/rules/{version}": get("A version with its evidence", whole, 404, parameters=[version]),
        "/api/rules/{version}/accept": post(
            "Accept a version that is proposed", whole, None, 404, 409, parameters=[version]
        ),
        "/api/rules/{version}/reject": post(
            "Reject a version that is proposed", whole, None, 404, 409, parameters=[version]
        ),
        "/api/whatif": post(
            "Stored signals scored anew under other weights, beside the scores they were published with",
            json_of("WhatIfAnswer"),
            {
                "type": "object",
                "required": ["weights"],
                "additionalProperties": False,
                "properties": {
                    "weights": _WEIGHTS,
                    "weeks": {"type": "integer", "minimum": 1, "maximum": 520},
                    "week": {"type": "string", "pattern": r"^\d{4}-W\d{2}$"},
                },
            },
            400,
            404,
        ),
    }
