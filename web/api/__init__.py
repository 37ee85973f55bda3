"""The HTTP API: what the pages show, for programs."""

from __future__ import annotations

from aiohttp import web

from web.api import (
    deliveries,
    events,
    ghosts,
    health,
    letters,
    openapi,
    replay,
    replay_diff,
    rules,
    scorecards,
    signals,
    slo,
)


def add_addresses(app: web.Application) -> None:
    """All calls."""
    add = app.router
    add.add_get("/api/signals", signals.some)
    add.add_get("/api/signals/{signal_id}", signals.one)
    add.add_get("/api/scorecards", scorecards.weeks)
    add.add_get("/api/scorecards/{week}.{kind:png|pdf}", scorecards.download)
    add.add_get("/api/scorecards/{week}", scorecards.one)
    events.add_addresses(app)
    add.add_get("/api/health", health.show)
    add.add_get("/api/openapi.json", openapi.show)
    for family in (ghosts, replay, replay_diff, letters, deliveries, rules, slo):
        family.add_addresses(app)
