"""`/api/ghosts`: paper orders, page by page, and one with its fills."""

from __future__ import annotations

from aiohttp import web

from ghost.operations.paging import STATUSES, OrderPage, page_of_orders
from ghost.operations.showing import Card, show_order
from web.api.describing import Json, get, in_path, in_query, json_of
from web.api.json import as_json
from web.asked import number_in, one_in, text_in
from web.asking import asked
from web.pages.ghosts import which_of
from web.shared import SETTINGS

LIMIT, MOST = 50, 500
TYPES = (OrderPage, Card)


def add_addresses(app: web.Application) -> None:
    """Where these calls stand."""
    app.router.add_get("/api/ghosts", some)
    app.router.add_get("/api/ghosts/{which}", one)


async def some(request: web.Request) -> web.Response:
    """A page of ghosts."""
    status, symbol = one_in(request.query, "status", STATUSES), text_in(request.query, "symbol")
    limit, below = number_in(request.query, "limit", 1, MOST) or LIMIT, number_in(request.query, "below")
    settings = request.app[SETTINGS].reading
    return as_json(await asked(page_of_orders, settings, limit, below=below, status=status, symbol=symbol))


async def one(request: web.Request) -> web.Response:
    """One ghost."""
    return as_json(await asked(show_order, request.app[SETTINGS].reading, which_of(request)))


def paths() -> Json:
    """These calls described."""
    queries: dict[str, Json] = {
        "status": {"enum": list(STATUSES)},
        "symbol": {"type": "string", "maxLength": 200},
        "limit": {"type": "integer", "minimum": 1, "maximum": MOST},
        "below": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
    }
    return {
        "/api/ghosts": get(
            "Paper orders, newest first",
            json_of("OrderPage"),
            400,
            parameters=[in_query(name, schema) for name, schema in queries.items()],
        ),
        "/api/ghosts/{which}": get(
            "A paper order with its fills, by its number or id",
            json_of("Card"),
            404,
            parameters=[in_path("which", "minLength", 1)],
        ),
    }
