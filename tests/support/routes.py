"""Every address of the dashboard that can be asked for, with something in the place of its parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from aiohttp import web

#: What stands for a part of an address that nobody named.
_ANY = "x"


class Route(NamedTuple):
    """One method at one address."""

    method: str
    path: str

    @property
    def is_stream(self) -> bool:
        """Whether its answer has no end."""
        return self.path.endswith("/events")


def routes_of(app: web.Application, parts: Mapping[str, str]) -> list[Route]:
    """All of them. parts: what to put into an address, by the names of its parts."""
    found = []
    for route in app.router.routes():
        if route.resource is not None and route.method != "HEAD":
            path = re.sub(r"\{(\w+)\}", lambda part: parts.get(part[1], _ANY), route.resource.canonical)
            found.append(Route("GET" if route.method == "*" else route.method, path))
    return found
