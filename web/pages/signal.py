"""One signal: what happened to it and when, what the market did, what it rests on, and every event behind that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from aiohttp import web
from markupsafe import Markup

from ghost.operations.paging import ghosts_of
from ghost.operations.showing import Card
from outbox.wording import NOTHING, duration, moment, number, r_multiple
from signaltape.clock import utc_now
from web import ghosts, replay_forms
from web import signals as finding
from web.market import NoPath, PricePath, price_path
from web.messages_of import messages_of
from web.path_chart import candle_table, levels_of, moments_of, path_chart
from web.price_path import Reach, Trade, uncovered
from web.rendering import page
from web.shared import READING

#: A signal that has not ended is looked at again so often.
_FRESH_S = 5


class PathShown(NamedTuple):
    """A price path as the page shows it: chart, names and figures, the candles."""

    chart: Markup
    figures: list[tuple[str, str]]
    candles: Markup


async def show(request: web.Request) -> web.Response:
    """The signal's page; 404 for one that nothing is stored of."""
    signal_id, pool = request.match_info["signal_id"], request.app[READING]
    found = await finding.whole(pool, signal_id)
    one = found.signal
    path = await price_path(pool, one, utc_now()) if one else NoPath("")
    async with pool.read() as session:
        cards = await ghosts_of(session, signal_id)
    return page(
        request,
        "signal.html",
        f"Signal {signal_id}",
        fresh_s=_FRESH_S if one and one["open"] else 0,
        signal_id=signal_id,
        found=found,
        replay_from=replay_forms.around(one) if one else None,
        waits=waits_of(one) if one else {},
        path=shown(path, one, cards) if isinstance(path, PricePath) and one else None,
        why_no_path=path.why if isinstance(path, NoPath) else "",
        ghosts=ghosts.rows_of(cards, one),
        messages=await messages_of(pool, signal_id, found),
    )


def waits_of(signal: dict[str, Any]) -> dict[str, str]:
    """How long it took to each event: as the engine says, else from the event before it."""
    begins, triggered, invalidated = (
        signal[f"ts_{name}"] for name in ("published", "triggered", "invalidated")
    )
    return {
        "triggered": duration(signal["time_to_trigger_ms"]),
        "invalidated": duration(_ms(triggered or begins, invalidated)),
        "closed": duration(signal["time_in_trade_ms"]),
    }


def _ms(since: Any, until: Any) -> int | None:
    return None if until is None else max(0, round((until - since).total_seconds() * 1000))


def shown(path: PricePath, signal: dict[str, Any], cards: Sequence[Card]) -> PathShown:
    """A path in pictures and words."""
    chart = path_chart(path, levels_of(signal), moments_of(signal), ghosts.marks_of(cards))
    return PathShown(chart, _figures(path, signal), candle_table(path))


def _figures(path: PricePath, signal: dict[str, Any]) -> list[tuple[str, str]]:
    trade, reach = path.trade, path.reach
    figures = [("filled at", number(signal["entry_fill"])), ("stop", number(signal["sl"]))]
    figures += [("target", number(signal["tp"]))]
    if trade is not None:
        figures.append(("1 R, fill to stop", number(trade.risk)))
    if trade is not None and reach is not None:
        figures += [("MFE", said(reach.mfe)), ("MAE", said(reach.mae))]
        figures.append(("without candles", _gap(path, trade)))
    figures.append(("realized", r_multiple(signal["rr_realized"])))
    return [(name, words) for name, words in figures if words != NOTHING]


def _gap(path: PricePath, trade: Trade) -> str:
    """How much of the trade no candle tells of; the last candle of an open one may still be on its way."""
    gap = uncovered(trade, path.candles)
    return duration(round(gap.total_seconds() * 1000)) if gap.total_seconds() > 2 * path.step_s else NOTHING


def said(reach: Reach) -> str:
    """`+1.20 R at 225.4, 14:05`; and up to where it may have been, if candles at its ends could tell more."""
    sure, most = reach
    words = f"{r_multiple(sure.r)} at {number(sure.price)}"
    if sure.by is not None:
        words += f", {moment(sure.by)}"
    return words if most is None else f"{words}; up to {r_multiple(most.r)} at {number(most.price)}"
