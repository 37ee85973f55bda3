"""The page that says what went wrong, and what to do."""

from __future__ import annotations

from aiohttp import web

from web.http.problems import Problem
from web.rendering import page


def as_page(problem: Problem, request: web.Request, request_id: str) -> web.Response:
    """A problem as a person reads it."""
    response = page(
        request, "error.html", problem.title, status=problem.status, problem=problem, request_id=request_id
    )
    response.headers.update(problem.headers)
    return response
