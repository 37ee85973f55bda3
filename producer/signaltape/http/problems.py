"""Errors as `application/problem+json` (RFC 9457). Pure."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec

PROBLEM_JSON = "application/problem+json"
#: RFC 9457: the status says all that there is to say.
BLANK = "about:blank"
#: The problem type of draft-ietf-httpapi-ratelimit-headers.
QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"
#: Of a path that somebody asks for, an answer repeats so much.
_MOST_OF_PATH = 200
#: What frameworks say by themselves; an answer of any other type is the engine's own, and stays.
_OF_FRAMEWORKS = ("text/plain", "text/html")

WORDS = {
    400: "The request could not be understood.",
    401: "A valid API key is needed: Authorization: Bearer KEY.",
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "The body is larger than this address takes.",
    500: "Something went wrong here. It is in the log, with the id of this request.",
}


def title_of(status: int) -> str:
    """The status in words; of one that nobody registered, its number."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


def problem_fields(
    status: int, detail: str, *, type_: str, path: str, request_id: str | None
) -> dict[str, Any]:
    """The members of a problem; the id of the request only if it has one."""
    fields = {
        "type": type_,
        "title": title_of(status),
        "status": status,
        "detail": detail,
        "instance": quote(path[:_MOST_OF_PATH], errors="replace"),
    }
    return fields if request_id is None else {**fields, "request_id": request_id}


def problem_body(
    status: int, detail: str | None = None, *, type_: str = BLANK, path: str, request_id: str | None
) -> bytes:
    """A problem as JSON. detail: one sentence; without one, what the status says."""
    said = detail or WORDS.get(status, f"{title_of(status)}.")
    return msgspec.json.encode(problem_fields(status, said, type_=type_, path=path, request_id=request_id))


def may_be_told(status: int, content_type: str, accept: str | None) -> bool:
    """Whether an answer is an error in a framework's own words, asked for by a program rather than a person."""
    of_framework = not content_type or content_type.lower().startswith(_OF_FRAMEWORKS)
    return status >= HTTPStatus.BAD_REQUEST and of_framework and "text/html" not in (accept or "")
