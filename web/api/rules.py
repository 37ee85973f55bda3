"""`/api/rules` and `/api/whatif`: versions of the layer weights, decided on; and what other weights would have said."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from reports.operations.compared import Answered
from reports.operations.rules import accept_rules, list_rules, reject_rules, show_rules, weights_of
from reports.operations.shown import week_named, week_of
from signaltape.clock import utc_now
from signaltape.settings import Settings
from web.api.asked import body_of
from web.api.json import as_json
from web.api.upkeep_shapes import Versions, WeightsToTry, WhatIfUnderWay
from web.asking import asked
from web.http.access import need
from web.http.problems import Problem
from web.pages.rules import version_in
from web.shared import SETTINGS
from web.whatif_jobs import Wanted, compare, look
from web.writing import writer_of

_WHAT_IF_ID = re.compile(r"[0-9a-f]{32}")


def add_addresses(app: web.Application) -> None:
    """Where these calls stand."""
    add = app.router
    add.add_get("/api/rules", some)
    add.add_get("/api/rules/{version}", one)
    add.add_post("/api/rules/{version}/accept", accept)
    add.add_post("/api/rules/{version}/reject", reject)
    add.add_post("/api/whatif", what_if)
    add.add_get("/api/whatif/{id}", what_if_again)


async def some(request: web.Request) -> web.Response:
    """All versions."""
    return as_json(Versions(await asked(list_rules, request.app[SETTINGS].reading)))


async def one(request: web.Request) -> web.Response:
    """One version with its evidence."""
    return as_json(await asked(show_rules, request.app[SETTINGS].reading, version_in(request)))


async def accept(request: web.Request) -> web.Response:
    """Take it into use."""
    return await _decide(request, accept_rules, "accept")


async def reject(request: web.Request) -> web.Response:
    """Leave it."""
    return await _decide(request, reject_rules, "reject")


async def what_if(request: web.Request) -> web.Response:
    """Both scorecards: 200, or 202 with where to ask if that takes more than some seconds."""
    body = await body_of(request, WeightsToTry)
    newest = week_named(body.week) if body.week is not None else week_of(utc_now())
    weights = weights_of(msgspec.json.encode(body.weights))
    wanted = Wanted(newest, body.weeks, weights)
    return _what_if_told(await compare(request.app, wanted), wanted.arguments)


async def what_if_again(request: web.Request) -> web.Response:
    """What was asked before: as what_if."""
    need(request, "read")
    name = request.match_info["id"]
    if not _WHAT_IF_ID.fullmatch(name):
        raise Problem(404, "id: as it was told when it was asked for")
    found = await look(request.app, name)
    if isinstance(found, WhatIfUnderWay):
        return _what_if_told(found, {})
    return _what_if_told(found.answer, found.asked)


def _what_if_told(found: Answered | WhatIfUnderWay, asked_for: Mapping[str, Any]) -> web.Response:
    if isinstance(found, WhatIfUnderWay):
        response = as_json(found)
        response.set_status(202)
        response.headers.update({"Location": found.address, "Retry-After": "1"})
        return response
    return as_json({"week": asked_for["week"], "weeks": asked_for["weeks"], **found.document})


async def _decide(request: web.Request, act: Callable[[Settings, str], None], word: str) -> web.Response:
    writer, version = writer_of(request, "admin"), version_in(request)
    settings = request.app[SETTINGS].common
    async with writer.noting(f"{word} rules {version}"):
        await asyncio.to_thread(act, settings, version)
    return as_json(await asked(show_rules, settings, version))
