"""`/api/slo`: what the page of objectives shows."""

from __future__ import annotations

from aiohttp import web

from guard.operations.objectives import Objectives
from web.api.describing import Json, get, json_of
from web.api.json import as_json
from web.pages.slo import found_by

TYPES = (Objectives,)


def add_addresses(app: web.Application) -> None:
    """Where this call stands."""
    app.router.add_get("/api/slo", show)


async def show(request: web.Request) -> web.Response:
    """Budgets, alerts, rules with their values."""
    return as_json(await found_by(request))


def paths() -> Json:
    """This call described."""
    return {"/api/slo": get("Error budgets, alerts, every rule with its value now", json_of("Objectives"))}
