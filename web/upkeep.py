"""The pages that look after what is recorded, and where they stand: quality, messages, rules."""

from __future__ import annotations

from aiohttp import web

from web.pages import doubts, letters_taken, messages, quality, rules, whatif
from web.shared import WHATIFS
from web.whatif import WhatIfs


def add_addresses(app: web.Application) -> None:
    """All of them."""
    app[WHATIFS] = WhatIfs()
    add = app.router
    add.add_get("/quality", quality.show)
    add.add_get("/quality/conflicts", doubts.conflicts)
    add.add_get("/quality/orphans", doubts.orphans)
    add.add_get("/quality/duplicates", doubts.duplicates)
    add.add_get("/quality/dead-letters/confirm", letters_taken.confirm)
    add.add_post("/quality/dead-letters/requeue", letters_taken.requeue)
    add.add_post("/quality/dead-letters/drop", letters_taken.drop)
    add.add_get("/quality/dead-letters/{number}", quality.show_letter)
    add.add_get("/quality/dead-letters/{number}/raw", quality.download)
    add.add_get("/messages", messages.show)
    add.add_get("/messages/{number}", messages.show_one)
    add.add_post("/messages/{number}/resend", messages.send_again)
    add.add_get("/rules", rules.show)
    add.add_get("/rules/what-if", whatif.show)
    add.add_get("/rules/{version}", rules.show_one)
    add.add_get("/rules/{version}/export", rules.export)
    add.add_post("/rules/{version}/accept", rules.accept)
    add.add_post("/rules/{version}/reject", rules.reject)
