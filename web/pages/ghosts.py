"""Ghosts: paper orders that follow plans, page by page, and one with its fills."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from ghost.operations.paging import STATUSES, page_of_orders
from ghost.operations.showing import show_order
from web import ghosts as said
from web.asked import is_text, number_in, one_in, text_in
from web.asking import asked
from web.http.problems import Problem
from web.rendering import page
from web.shared import SETTINGS

PAGE = 50
#: Prices as they were asked for.
_AS_WRITTEN = msgspec.json.Decoder(dict[str, Any], float_hook=str)
#: Of a plan, in this order.
_PRICES = ("entry", "entry_low", "entry_high", "sl", "tp1", "tp2", "size_pct")


def add_addresses(app: web.Application) -> None:
    """Their addresses."""
    app.router.add_get("/ghosts", show)
    app.router.add_get("/ghosts/{which}", show_one)


async def show(request: web.Request) -> web.Response:
    """Ghosts, newest first."""
    status, symbol = one_in(request.query, "status", STATUSES), text_in(request.query, "symbol")
    settings, below = request.app[SETTINGS].reading, number_in(request.query, "below")
    found = await asked(page_of_orders, settings, PAGE, below=below, status=status, symbol=symbol)
    return page(
        request,
        "ghosts.html",
        "Ghosts",
        orders=[(one, said.asked_by(one), said.ended(one), said.best_of(one)) for one in found.orders],
        total=sum(found.counts.values()),
        states=[
            (name, found.counts[name], _address(name, symbol)) for name in STATUSES if name in found.counts
        ],
        state=status,
        symbol=symbol,
        any_state=_address(None, symbol),
        means=said.MEANS,
        following=_address(status, symbol, found.next_below) if found.next_below else None,
    )


async def show_one(request: web.Request) -> web.Response:
    """One ghost, by its number or id."""
    found = await asked(show_order, request.app[SETTINGS].reading, which_of(request))
    plan = _AS_WRITTEN.decode(found.order.plan)
    return page(
        request,
        "ghost.html",
        f"Ghost {found.order.number}",
        order=found.order,
        asked_by=said.asked_by(found.order),
        ended=said.ended(found.order),
        prices=[(name.replace("_", " "), plan[name]) for name in _PRICES if plan.get(name) is not None],
        figures=said.figures_of(found.order),
        fills=said.fill_rows(found),
        means=said.MEANS,
    )


def which_of(request: web.Request) -> str:
    """The number or id in the address. Raises Problem."""
    which = request.match_info["which"]
    if not is_text(which):
        raise Problem(404, "A ghost has a number, and an id.")
    return which


def _address(status: str | None, symbol: str | None, below: int | None = None) -> str:
    given = {"status": status, "symbol": symbol, "below": below}
    kept = {name: value for name, value in given.items() if value is not None}
    return f"/ghosts?{urlencode(kept)}" if kept else "/ghosts"
