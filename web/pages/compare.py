"""Two weeks, or two rules versions, side by side: each figure of both, and behind every count its signals."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from aiohttp import web

from reports.operations.shown import week_named, week_of
from reports.operations.slices import Chosen, days_of_rules, days_of_week
from signaltape.clock import utc_now
from signaltape.errors import InvalidRequest
from web.asked import LONGEST, is_text
from web.askers import asker_of
from web.counting import ENOUGH
from web.filters import HOURS, SIDES, WEEKDAYS, chosen_of, of_chosen, said
from web.http.problems import Problem
from web.rendering import page
from web.scores import Side, SliceAsked
from web.shared import COMPARED, SETTINGS


class Named(NamedTuple):
    """A side and what it was asked by; address: the scorecard of its week, None for a rules version."""

    name: str
    address: str | None
    side: Side


def add_addresses(app: web.Application) -> None:
    """The page. It stands before the weeks, whose names it would be one of."""
    app.router.add_get("/score/compare", show)


async def show(request: web.Request) -> web.Response:
    """`a` and `b`: each a week or a rules version; without them this week and the last. Filters hold for both."""
    chosen, now = chosen_of(request.query), week_of(utc_now())
    a = _named(request, "a") or now.name
    b = _named(request, "b") or now.earlier(1).name
    sides = await asyncio.gather(_side(request, a, chosen), _side(request, b, chosen))
    return page(
        request,
        "compare.html",
        f"{a} beside {b}",
        a=a,
        b=b,
        pair=sides,
        rows=list(zip(*(one.side.rows for one in sides), strict=True)),
        enough=ENOUGH,
        given=said(of_chosen(chosen)),
        sides=SIDES,
        hours=HOURS,
        weekdays=WEEKDAYS,
    )


async def _side(request: web.Request, name: str, chosen: Chosen) -> Named:
    try:
        week = week_named(name)
    except InvalidRequest:
        days = await asyncio.to_thread(days_of_rules, request.app[SETTINGS].reading, name)
        asked = SliceAsked(days, chosen._replace(rules=name))
        return Named(name, None, await request.app[COMPARED].fresh(asked, asker_of(request)))
    asked = SliceAsked(days_of_week(week), chosen)
    return Named(
        week.name, f"/score/{week.name}", await request.app[COMPARED].fresh(asked, asker_of(request))
    )


def _named(request: web.Request, side: str) -> str:
    text = request.query.get(side, "").strip()
    if not is_text(text):
        raise Problem(
            400, f"{side}: a week such as 2022-W03, or a rules version of at most {LONGEST} characters"
        )
    return text
