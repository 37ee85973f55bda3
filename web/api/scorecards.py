"""`/api/scorecards`: weeks that were reported, and any week as it is now."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from reports.operations.shown import Week, document, week_named
from sink.pool import dicts
from sink.queries import load
from web.api.json import as_json
from web.api.shapes import WeekOfScorecard, Weeks
from web.askers import asker_of
from web.filters import chosen_of
from web.pages.score import download
from web.scores import ScoreAsked
from web.shared import CARDS, READING

__all__ = ["download", "one", "weeks"]

_SQL = load(Path(__file__).parent.parent / "sql" / "scorecards.sql")


async def weeks(request: web.Request) -> web.Response:
    """The weeks with a stored scorecard."""
    async with request.app[READING].read() as session:
        rows = await dicts(session, _SQL["weeks"])
    return as_json(Weeks([WeekOfScorecard(Week(row["week_start"]).name, **row) for row in rows]))


async def one(request: web.Request) -> web.Response:
    """All figures of a week, of all its signals or of those that the filters let through, computed now."""
    asked = ScoreAsked(week_named(request.match_info["week"]), chosen_of(request.query))
    score = await request.app[CARDS].fresh(asked, asker_of(request))
    return as_json(document(score.found))
