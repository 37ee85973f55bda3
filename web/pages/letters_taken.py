"""Dead letters sent through again or dropped: first what exactly that would be, then what came of it."""

from __future__ import annotations

from aiohttp import web

from signaltape.errors import NotAllowedNow
from web.asked import one_in
from web.asking import asked
from web.http.access import WHO
from web.http.problems import Problem
from web.letters import Choice, choice_of, shown_in
from web.plain_bytes import brief, visible
from web.rendering import page
from web.shared import SETTINGS
from web.taking import WAYS, take
from web.writing import writer_of
from worker.operations import list_dead_letters

_MOST_SAMPLES = 10


async def confirm(request: web.Request) -> web.Response:
    """Say how many letters are meant, before anything is done."""
    way = one_in(request.query, "do", WAYS)
    if way is None:
        raise Problem(400, "do: requeue or drop")
    return await _confirmation(request, way, choice_of(request.query))


async def requeue(request: web.Request) -> web.Response:
    """Send them through again."""
    return await _take(request, "requeue")


async def drop(request: web.Request) -> web.Response:
    """Delete them for good."""
    return await _take(request, "drop")


async def _take(request: web.Request, way: str) -> web.Response:
    writer = writer_of(request, "admin")
    form = await request.post()
    choice, shown = choice_of(form), shown_in(form)
    try:
        async with writer.noting(
            f"{way} {shown.letters} dead letters up to {shown.up_to}: {choice.said}"
        ) as noted:
            taken = await take(
                request.app[SETTINGS].common, way, choice.which, shown, everything=choice.everything
            )
            noted.outcome = taken.said
    except NotAllowedNow as error:
        return await _confirmation(request, way, choice, str(error))
    return page(request, "letters_taken.html", "Dead letters", taken=taken, choice=choice, visible=visible)


async def _confirmation(request: web.Request, way: str, choice: Choice, refused: str = "") -> web.Response:
    """The page that says what would be done. refused: why it was not done as it was shown before."""
    settings = request.app[SETTINGS].common
    found = await asked(list_dead_letters, settings, choice.which, limit=_MOST_SAMPLES)
    return page(
        request,
        "letters_confirm.html",
        f"{way.capitalize()} dead letters",
        status=409 if refused else 200,
        way=way,
        choice=choice,
        shown=found.shown,
        found=found,
        refused=refused,
        may_write=request[WHO].may("admin"),
        brief=brief,
        visible=visible,
    )
