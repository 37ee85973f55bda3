"""Errors as `application/problem+json` (RFC 9457), with the words that a person sees on an error page too."""

from __future__ import annotations

import msgspec
from aiohttp import web

from signaltape.http.problems import BLANK, PROBLEM_JSON, WORDS, problem_fields, title_of


class Problem(Exception):
    """An answer that is an error. `detail` is one sentence that says what to do."""

    def __init__(
        self, status: int, detail: str, *, type_: str = BLANK, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.type = type_
        self.headers = headers or {}

    @property
    def title(self) -> str:
        """The status in words."""
        return title_of(self.status)


def as_json(problem: Problem, request: web.BaseRequest, request_id: str) -> web.Response:
    """The problem as RFC 9457 asks, and as `error` for those who look for nothing else."""
    fields = problem_fields(
        problem.status, problem.detail, type_=problem.type, path=request.path, request_id=request_id
    )
    body = {**fields, "error": problem.detail}
    return web.Response(
        status=problem.status,
        body=msgspec.json.encode(body),
        content_type=PROBLEM_JSON,
        headers=problem.headers,
    )


def wants_json(request: web.Request) -> bool:
    """Whether a program asks rather than a person."""
    return request.path.startswith("/api/") or "text/html" not in request.headers.get("Accept", "")


def of_http_error(error: web.HTTPException) -> Problem:
    """What aiohttp itself raises: no such path, wrong method, body too large."""
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return Problem(error.status, WORDS.get(error.status, error.reason or ""), headers=headers)
