"""The page that says what went wrong, and what to do."""

from __future__ import annotations

from aiohttp import web

from web.http.problems import Problem
from web.rendering import page

#: What is away comes back: the page looks for it so often.
_AWAY, _FRESH_S = 503, 5


def as_page(problem: Problem, request: web.Request, request_id: str) -> web.Response:
    """A problem as a person reads it."""
    response = page(
        request,
        "error.html",
        problem.title,
        status=problem.status,
        problem=problem,
        request_id=request_id,
        fresh_s=_FRESH_S if problem.status == _AWAY and request.method == "GET" else 0,
    )
    response.headers.update(problem.headers)
    return response
