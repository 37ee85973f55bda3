"""The scorecard of a week: all that the report says, of all its signals or some, and behind every count its signals."""

from __future__ import annotations

from aiohttp import web

from reports.operations.shown import PICTURES, Week, week_named, week_of
from signaltape.clock import utc_now
from web.askers import asker_of
from web.filters import HOURS, SIDES, WEEKDAYS, chosen_of, of_chosen, said, with_query
from web.rendering import page
from web.scores import PictureAsked, ScoreAsked
from web.shared import CARDS, DRAWN

#: While somebody looks, a week that has not ended is asked for again so often.
_FRESH_S = 10


def add_addresses(app: web.Application) -> None:
    """Weeks, and their pictures."""
    app.router.add_get("/score", show_current)
    app.router.add_get(f"/score/{{week}}.{{kind:{'|'.join(PICTURES)}}}", download)
    app.router.add_get("/score/{week}", show)


async def show_current(request: web.Request) -> web.Response:
    """The week that is now."""
    return await _show(request, week_of(utc_now()))


async def show(request: web.Request) -> web.Response:
    """A week by its name."""
    return await _show(request, week_named(request.match_info["week"]))


async def download(request: web.Request) -> web.Response:
    """The picture of the report, as PNG or PDF."""
    week, kind = week_named(request.match_info["week"]), request.match_info["kind"]
    picture = await request.app[DRAWN].fresh(PictureAsked(week, kind), asker_of(request))
    name = f"scorecard-{week.name}.{kind}"
    return web.Response(
        body=picture,
        content_type=PICTURES[kind],
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


async def _show(request: web.Request, week: Week) -> web.Response:
    chosen = chosen_of(request.query)
    score = await request.app[CARDS].fresh(ScoreAsked(week, chosen), asker_of(request))
    given = said(of_chosen(chosen))
    return page(
        request,
        "score.html",
        f"Scorecard {week.name}",
        fresh_s=_FRESH_S if week.until > utc_now() else 0,
        week=week,
        before=with_query(f"/score/{week.earlier(1).name}", given),
        after=with_query(f"/score/{week.earlier(-1).name}", given) if week.until <= utc_now() else None,
        beside=with_query("/score/compare", {"a": week.name, "b": week.earlier(1).name, **given}),
        json=with_query(f"/api/scorecards/{week.name}", given),
        given=given,
        narrowed=lambda kind, name: with_query(f"/score/{week.name}", {**given, kind: name}),
        sides=SIDES,
        hours=HOURS,
        weekdays=WEEKDAYS,
        card=score.found.card,
        so_far=score.found.so_far,
        **score._asdict(),
    )
