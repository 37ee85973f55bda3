"""The pattern of the route that a request of Starlette, FastAPI or Quart goes to. Knows them by what they look like.

Patterns are what is measured and what scopes are given to: the path that was asked for is never one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlparse

Scope = dict[str, Any]
#: The pattern of a request that was not passed on yet; None if there is no route.
PatternOf = Callable[[Scope], "str | None"]
#: Starlette's Match.FULL and PARTIAL (another method): by value, as nothing of it is imported here.
_FULL, _PARTIAL = 2, 1


def finder(app: Any) -> PatternOf:
    """How to find patterns of an application: by Quart's map, by Starlette's routes, or not at all.

    app: the application, or the method of it that answers (`app.asgi_app`).
    """
    owner = getattr(app, "__self__", app)
    if hasattr(owner, "url_map"):
        return by_url_map(owner.url_map)
    return by_routes


def by_url_map(url_map: Any) -> PatternOf:
    """By a map of werkzeug, which Quart has. What it raises for an unknown path is no error here."""

    def pattern_of(scope: Scope) -> str | None:
        method = "GET" if scope["type"] == "websocket" else scope["method"]
        bound = url_map.bind("localhost", url_scheme=scope["scheme"])
        try:
            rule, _ = bound.match(
                _quarts_path(scope), method=method, return_rule=True, websocket=scope["type"] == "websocket"
            )
        except Exception:  # noqa: BLE001 - no such path, another method, a redirect
            return None
        return str(rule.rule)

    return pattern_of


def _quarts_path(scope: Scope) -> str:
    """The path that Quart itself looks for: without host, and what it lies behind; blank if it lies elsewhere."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    if path[:1] != "/":
        path = urlparse(path).path
    return path.removeprefix(root) or " " if path.startswith(root) else " "


def by_routes(scope: Scope) -> str | None:
    """By the routes of the application in `scope["app"]`, as Starlette itself matches them; also what is mounted."""
    app = scope.get("app")
    return None if app is None else _among(getattr(app, "routes", ()), scope)


def answered_by(before: Scope, scope: Scope) -> str | None:
    """The pattern after a request was answered: Starlette leaves its route in the scope, which spares a second search.

    before: the scope as it was, for what is mounted and has lost the way there; a route that stood there
    already is the one that led to the application.
    """
    route = scope.get("route")
    if route is before.get("route") or scope.get("root_path") != before.get("root_path"):
        return by_routes(before)
    return _path_of(scope.get("fastapi", {}).get("effective_route_context") or route)


def _among(routes: Any, scope: Scope) -> str | None:
    partial = None
    for route in _flat(routes):
        match, child = route.matches(dict(scope))
        if match.value == _FULL:
            return _followed(route, {**scope, **child})
        if match.value == _PARTIAL and partial is None:
            partial = _path_of(route)
    return partial


def _flat(routes: Any) -> Iterator[Any]:
    """FastAPI keeps a router that was included as one of the routes; it knows its own with their whole paths."""
    for route in routes:
        included = getattr(route, "effective_route_contexts", None)
        if included is None:
            yield route
        else:
            yield from included()


def _followed(route: Any, scope: Scope) -> str | None:
    """Into what is mounted there, if anything is."""
    path, mount = _path_of(route), _starlettes(route)
    inner = getattr(mount, "app", None)
    routes = getattr(inner, "routes", None)
    if routes is None or not hasattr(mount, "routes"):
        return path
    further = _among(routes, {**scope, "app": inner})
    return None if further is None else f"{path or ''}{further}"


def _path_of(route: Any) -> str | None:
    path = getattr(_starlettes(route), "path", None)
    return None if path is None else str(path)


def _starlettes(route: Any) -> Any:
    """Of a route that was included with its router, the one with the whole path."""
    return getattr(route, "starlette_route", None) or route
