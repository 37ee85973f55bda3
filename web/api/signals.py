"""`/api/signals`: the same questions and pages as the dashboard's."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from web import signals as finding
from web.api.json import as_json
from web.api.shapes import Event, Layer, Signal, SignalPage, WholeSignal
from web.filters import filters_of
from web.shared import BINS, READING


async def some(request: web.Request) -> web.Response:
    """A page of signals."""
    filters = filters_of(request.query, await request.app[BINS].names())
    whole = finding.all_of(request.query)
    after = finding.place_of(request.query.get("after", ""))
    limit = finding.limit_of(request.query)
    async with request.app[READING].read() as session:
        page, total = await finding.found(session, filters, after, limit, whole=whole)
    signals = [_signal(row) for row in page.rows]
    counted = None if total.back_to else total.n
    return as_json(SignalPage(counted, signals, str(page.after) if page.after else None, page.back_to))


async def one(request: web.Request) -> web.Response:
    """One signal, by its id."""
    signal_id = request.match_info["signal_id"]
    found = await finding.whole(request.app[READING], signal_id)
    return as_json(
        WholeSignal(
            signal_id,
            _signal(found.signal) if found.signal else None,
            [_event(row) for row in found.events],
            [_layer(row) for row in found.layers],
            [_event(row) for row in found.conflicts],
        )
    )


def _signal(row: dict[str, Any]) -> Signal:
    return Signal(**{name: row[name] for name in Signal.__struct_fields__})


def _event(row: dict[str, Any]) -> Event:
    return Event(
        row["event"],
        row["ts"],
        row["streamed"],
        row["received_at"],
        row["stream"],
        row["entry_id"],
        msgspec.Raw(row["payload"].encode()),
    )


def _layer(row: dict[str, Any]) -> Layer:
    value = None if row["value"] is None else msgspec.Raw(row["value"].encode())
    return Layer(row["layer"], row["matched"], row["weight"], value)
