"""Rules: versions of the layer weights with the evidence behind them, decided on here, and exported for the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from aiohttp import web

from outbox.wording import number
from reports.operations.rules import (
    accept_rules,
    export_rules,
    list_rules,
    reject_rules,
    show_rules,
)
from signaltape.settings import Settings
from web.asked import is_text
from web.asking import asked
from web.http.access import WHO
from web.http.problems import Problem
from web.rendering import page
from web.shared import SETTINGS
from web.writing import writer_of

_POINTS = 100


async def show(request: web.Request) -> web.Response:
    """All versions, newest first."""
    versions = await asked(list_rules, request.app[SETTINGS].reading)
    return page(
        request,
        "rules.html",
        "Rules",
        versions=versions,
        open_ones=[one for one in versions if one.status == "proposed"],
        address=address_of,
    )


async def show_one(request: web.Request) -> web.Response:
    """One version."""
    found = await asked(show_rules, request.app[SETTINGS].reading, version_in(request))
    return page(
        request,
        "rule.html",
        f"Rules {found.version}",
        found=found,
        weights=[(layer, number(weight)) for layer, weight in found.weights.items()],
        evidence=[_evidence(one) for one in found.evidence],
        address=address_of(found.version),
        what_if=f"/rules/what-if?from={quote(found.version, safe='')}",
        may_write=request[WHO].may("admin"),
    )


async def export(request: web.Request) -> web.Response:
    """The JSON that an engine reads, as a file."""
    body = await asked(export_rules, request.app[SETTINGS].reading, version_in(request))
    headers = {"Content-Disposition": 'attachment; filename="rules.json"'}
    return web.Response(body=body, content_type="application/json", headers=headers)


async def accept(request: web.Request) -> web.Response:
    """Take it into use."""
    return await _decide(request, accept_rules, "accept")


async def reject(request: web.Request) -> web.Response:
    """Leave it; it stays in the list."""
    return await _decide(request, reject_rules, "reject")


def version_in(request: web.Request) -> str:
    """The name in the address. Raises Problem."""
    version = request.match_info["version"]
    if not is_text(version):
        raise Problem(404, "There is no version of this name.")
    return version


def address_of(version: str) -> str:
    """The page of a version, whatever its engine called it."""
    return f"/rules/{quote(version, safe='')}"


async def _decide(request: web.Request, act: Callable[[Settings, str], None], word: str) -> web.Response:
    writer, version = writer_of(request, "admin"), version_in(request)
    async with writer.noting(f"{word} rules {version}"):
        await asyncio.to_thread(act, request.app[SETTINGS].common, version)
    raise web.HTTPSeeOther(address_of(version))


def _evidence(finding: Mapping[str, Any]) -> dict[str, Any]:
    """A layer's finding as it is said: lift in points, with its interval."""
    low, high = map(_points, finding["interval"])
    return {
        "layer": finding["layer"],
        "matches": finding["matches"],
        "lift": _points(finding["lift"]),
        "interval": f"{low} … {high}",
        "weeks": f"{finding['weeks_same']} of {finding['weeks']}",
        "verdict": finding["verdict"],
        "disagree": finding.get("disagree", False),
    }


def _points(share: float | Decimal) -> str:
    return f"{_POINTS * share:+.1f}".replace("-", "−")
