"""`/api/deliveries`: messages to Telegram, and another chance for one that was not sent."""

from __future__ import annotations

import asyncio

from aiohttp import web

from reports.operations.deliveries import STATES, page_of_deliveries, resend, show_delivery
from signaltape.clock import utc_now
from web.api.json import as_json
from web.api.upkeep_shapes import Done
from web.asked import number_in, one_in
from web.asking import asked
from web.pages.messages import message_number
from web.shared import SETTINGS
from web.writing import writer_of

LIMIT, MOST = 50, 500


def add_addresses(app: web.Application) -> None:
    """Where these calls stand."""
    add = app.router
    add.add_get("/api/deliveries", some)
    add.add_get("/api/deliveries/{number}", one)
    add.add_post("/api/deliveries/{number}/resend", send_again)


async def some(request: web.Request) -> web.Response:
    """A page of messages."""
    state, below = one_in(request.query, "state", STATES), number_in(request.query, "below")
    limit = number_in(request.query, "limit", 1, MOST) or LIMIT
    settings = request.app[SETTINGS].reading
    return as_json(await asked(page_of_deliveries, settings, limit, below=below, state=state))


async def one(request: web.Request) -> web.Response:
    """One message with its text and files."""
    return as_json(await asked(show_delivery, request.app[SETTINGS].reading, message_number(request)))


async def send_again(request: web.Request) -> web.Response:
    """Queue it again."""
    writer, number = writer_of(request, "admin"), message_number(request)
    async with writer.noting(f"resend message {number}"):
        await asyncio.to_thread(resend, request.app[SETTINGS].common, number, utc_now())
    return as_json(Done(success=True, message=f"message {number} is queued again"))
