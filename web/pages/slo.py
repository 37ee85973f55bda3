"""Objectives: error budgets, alerts that fire and that are over, every rule with its value now."""

from __future__ import annotations

from aiohttp import web

from guard.operations.objectives import Objectives, objectives
from signaltape.clock import utc_now
from web.asking import asked
from web.rendering import page
from web.shared import SETTINGS

#: While somebody looks: alerts are of ten seconds ago at most, values of a minute.
_FRESH_S = 15
#: Of a rule no more subjects are shown at once; the others unfold.
_AT_ONCE = 5


def add_addresses(app: web.Application) -> None:
    """Its address."""
    app.router.add_get("/slo", show)


async def show(request: web.Request) -> web.Response:
    """The page."""
    found = await found_by(request)
    return page(
        request,
        "slo.html",
        "Objectives",
        fresh_s=_FRESH_S,
        found=found,
        measured=[rule for rule in found.rules if rule.values],
        silent=[rule for rule in found.rules if not rule.values],
        at_once=_AT_ONCE,
    )


async def found_by(request: web.Request) -> Objectives:
    """How the objectives stand now."""
    return await asked(objectives, request.app[SETTINGS].reading, utc_now())
