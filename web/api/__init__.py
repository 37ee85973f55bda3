"""The HTTP API: what the pages show, for programs."""

from __future__ import annotations

from aiohttp import web

from web.api import deliveries, events, health, letters, openapi, rules, scorecards, signals


def add_addresses(app: web.Application) -> None:
    """All calls."""
    add = app.router
    add.add_get("/api/signals", signals.some)
    add.add_get("/api/signals/{signal_id}", signals.one)
    add.add_get("/api/scorecards", scorecards.weeks)
    add.add_get("/api/scorecards/{week}.{kind:png|pdf}", scorecards.download)
    add.add_get("/api/scorecards/{week}", scorecards.one)
    add.add_get("/api/events", events.follow, allow_head=False)
    add.add_get("/api/health", health.show)
    add.add_get("/api/openapi.json", openapi.show)
    _add_upkeep(app.router)


def _add_upkeep(add: web.UrlDispatcher) -> None:
    """Those that look after what is recorded."""
    add.add_get("/api/dead-letters", letters.some)
    add.add_post("/api/dead-letters/requeue", letters.requeue)
    add.add_post("/api/dead-letters/drop", letters.drop)
    add.add_get("/api/dead-letters/{number}", letters.one)
    add.add_get("/api/deliveries", deliveries.some)
    add.add_get("/api/deliveries/{number}", deliveries.one)
    add.add_post("/api/deliveries/{number}/resend", deliveries.send_again)
    add.add_get("/api/rules", rules.some)
    add.add_get("/api/rules/{version}", rules.one)
    add.add_post("/api/rules/{version}/accept", rules.accept)
    add.add_post("/api/rules/{version}/reject", rules.reject)
    add.add_post("/api/whatif", rules.what_if)
