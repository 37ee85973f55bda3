"""The calls that look after what is recorded, and where they stand: dead letters, messages, rules."""

from __future__ import annotations

from aiohttp import web

from web.api import deliveries, letters, rules


def add_addresses(app: web.Application) -> None:
    """All of them."""
    add = app.router
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
