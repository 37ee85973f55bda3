"""Errors as `application/problem+json` (RFC 9457), with the words that a person sees on an error page too."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

_PROBLEM_JSON = "application/problem+json"
#: RFC 9457: the status says all that there is to say.
_BLANK = "about:blank"
#: The problem type of draft-ietf-httpapi-ratelimit-headers.
QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"


class Problem(Exception):
    """An answer that is an error. `detail` is one sentence that says what to do."""

    def __init__(
        self, status: int, detail: str, *, type_: str = _BLANK, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.type = type_
        self.headers = headers or {}

    @property
    def title(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase


def as_json(problem: Problem, request: web.BaseRequest, request_id: str) -> web.Response:
    """The problem as RFC 9457 asks, and as `error` for those who look for nothing else."""
    body: dict[str, Any] = {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.path,
        "error": problem.detail,
        "request_id": request_id,
    }
    return web.Response(
        status=problem.status,
        body=msgspec.json.encode(body),
        content_type=_PROBLEM_JSON,
        headers=problem.headers,
    )


def wants_json(request: web.Request) -> bool:
    """Whether a program asks rather than a person."""
    return request.path.startswith("/api/") or "text/html" not in request.headers.get("Accept", "")


def of_http_error(error: web.HTTPException) -> Problem:
    """What aiohttp itself raises: no such path, wrong method, body too large."""
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return Problem(error.status, _WORDS.get(error.status, error.reason or ""), headers=headers)


_WORDS = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "The body is larger than this address takes.",
    400: "The request could not be understood.",
}
