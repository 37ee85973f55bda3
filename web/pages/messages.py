"""Messages to Telegram: where each stands, its text as it was sent, and another chance for one that was not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import urlencode

from aiohttp import web

from reports.operations.deliveries import STATES, page_of_deliveries, resend, show_delivery
from signaltape.clock import utc_now
from web.asked import number_in, number_of, one_in
from web.asking import asked
from web.http.access import WHO
from web.http.problems import Problem
from web.message_text import as_html
from web.rendering import page
from web.shared import SETTINGS
from web.writing import writer_of

PAGE = 30
#: What each state means for who reads it.
MEANS = {
    "queued": "waits for its turn",
    "sending": "is being sent now",
    "sent": "stands in the chat",
    "uncertain": "no answer came: look whether it stands in the chat",
    "failed": "was refused",
    "expired": "was not sent in its time",
}


async def show(request: web.Request) -> web.Response:
    """All messages, newest first."""
    state, below = one_in(request.query, "state", STATES), number_in(request.query, "below")
    found = await asked(page_of_deliveries, request.app[SETTINGS].reading, PAGE, below=below, state=state)
    return page(
        request,
        "messages.html",
        "Messages",
        found=found,
        total=sum(found.states.values()),
        states=[(name, found.states[name]) for name in STATES if name in found.states],
        state=state,
        means=MEANS,
        following=_following(found.next_below, {"state": state} if state else {}),
    )


async def show_one(request: web.Request) -> web.Response:
    """One message."""
    found = await asked(show_delivery, request.app[SETTINGS].reading, message_number(request))
    return page(
        request,
        "message.html",
        f"Message {found.id}",
        found=found,
        text=as_html(found.body, found.entities),
        means=MEANS,
        may_write=request[WHO].may("admin"),
    )


async def send_again(request: web.Request) -> web.Response:
    """Queue it again, and show it as it stands then."""
    writer, number = writer_of(request, "admin"), message_number(request)
    async with writer.noting(f"resend message {number}"):
        await asyncio.to_thread(resend, request.app[SETTINGS].common, number, utc_now())
    raise web.HTTPSeeOther(f"/messages/{number}")


def message_number(request: web.Request) -> int:
    """The number in the address. Raises Problem."""
    number = number_of(request.match_info["number"])
    if number is None:
        raise Problem(404, "A message has a number.")
    return number


def _following(below: int | None, given: Mapping[str, str]) -> str | None:
    return f"/messages?{urlencode({**given, 'below': str(below)})}" if below is not None else None
