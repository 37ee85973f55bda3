"""One record: what was sent, its three times, and what happened just before and behind it."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from signaltape.clock import WIB, from_epoch_ms
from signaltape.stream import entry_time_ms
from sink.pool import dicts, one
from sink.queries import load
from web.http.problems import Problem
from web.rendering import page
from web.shared import READING
from web.signals import is_id

_SQL = load(Path(__file__).parent.parent / "sql" / "records.sql")
_NO_RECORD = "There is no record of this id. It may still be on its way, or its time to be kept is over."


def add_addresses(app: web.Application) -> None:
    """Its address."""
    app.router.add_get("/records/{record_id}", show)


async def show(request: web.Request) -> web.Response:
    """The record's page; 404 for what is no id, or of which nothing is stored."""
    record_id = request.match_info["record_id"]
    if not is_id(record_id):
        raise Problem(404, _NO_RECORD)
    async with request.app[READING].read() as session:
        record = await one(session, _SQL["one"], {"record_id": record_id})
        if record is None:
            raise Problem(404, _NO_RECORD)
        before, behind = [await dicts(session, _SQL[name], record) for name in ("before", "behind")]
    streamed = from_epoch_ms(entry_time_ms(record["entry_id"])).astimezone(WIB)
    return page(
        request,
        "record.html",
        f"Record {record_id}",
        record={**record, "streamed": streamed},
        neighbours=[*reversed(before), record, *behind],
    )
