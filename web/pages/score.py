"""The scorecard of a week: all that the report says, and behind every count its signals."""

from __future__ import annotations

import asyncio

from aiohttp import web

from reports.operations.shown import PICTURES, Week, picture, told, week_named, week_of
from signaltape.clock import utc_now
from web.charts import bins_chart, curve_chart
from web.counting import counts_of
from web.rendering import page
from web.shared import CARDS


async def show_current(request: web.Request) -> web.Response:
    """The week that is now."""
    return await _show(request, week_of(utc_now()))


async def show(request: web.Request) -> web.Response:
    """A week by its name."""
    return await _show(request, week_named(request.match_info["week"]))


async def download(request: web.Request) -> web.Response:
    """The picture of the report, as PNG or PDF."""
    week, kind = week_named(request.match_info["week"]), request.match_info["kind"]
    found = await request.app[CARDS].fresh(week)
    name = f"scorecard-{week.name}.{kind}"
    return web.Response(
        body=await asyncio.to_thread(picture, found, kind),
        content_type=PICTURES[kind],
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


async def _show(request: web.Request, week: Week) -> web.Response:
    found = await request.app[CARDS].fresh(week)
    counts = counts_of(found)
    return page(
        request,
        "score.html",
        f"Scorecard {week.name}",
        week=week,
        before=week.earlier(1).name,
        after=week.earlier(-1).name if week.until <= utc_now() else None,
        found=found,
        card=found.card,
        counts=counts,
        told=told(found),
        bins_svg=bins_chart(counts.bins),
        curve_svg=curve_chart(found.closed),
    )
