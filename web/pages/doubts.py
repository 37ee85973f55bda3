"""Conflicts side by side, orphans, and duplicates by day: what did not go the straight way, and is kept or counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from signaltape.clock import WIB, from_epoch_ms, utc_now
from signaltape.stream import entry_time_ms
from sink.pool import dicts, one
from sink.queries import load, own
from web.asked import day_in, number_in, text_in
from web.differing import side_by_side
from web.http.problems import Problem
from web.pages.quality import TABS, backlog_of
from web.rendering import page
from web.shared import READING

_SQL = load(Path(__file__).parent.parent / "sql" / "quality.sql")
_COUNTING = own("quality")
_CONFLICTS, _ORPHANS, _DAYS = 10, 50, 60
#: Orphans of so many days are looked for, unless it is said of which.
_USUAL_DAYS = 28
_EVENTS = ("triggered", "invalidated", "closed", "ghost triggered", "ghost invalidated", "ghost closed")


class Span(NamedTuple):
    """WIB days, both included."""

    since: date
    until: date

    @property
    def bounds(self) -> dict[str, datetime]:
        """For the queries."""
        first, last = (datetime.combine(day, time.min, WIB) for day in self)
        return {"since": first, "until": last + timedelta(days=1)}


async def conflicts(request: web.Request) -> web.Response:
    """Events that came again with other content, beside what is stored."""
    event, below = text_in(request.query, "event"), number_in(request.query, "below")
    async with request.app[READING].read() as session:
        asked = {"event": event, "below": below, "limit": _CONFLICTS + 1}
        rows = await dicts(session, _SQL["conflicts"], asked)
        kinds = await dicts(session, _SQL["conflicts_by_event"])
    following = _more("/quality/conflicts", rows, _CONFLICTS, event=event, below="id")
    return page(
        request,
        "conflicts.html",
        "Conflicts",
        conflicts=[_conflict(row) for row in rows[:_CONFLICTS]],
        kinds=kinds,
        event=event,
        following=following,
        backlog=await backlog_of(request.app),
        tabs=TABS,
    )


async def orphans(request: web.Request) -> web.Response:
    """Events whose signal was not published (yet)."""
    span, after = _span(request.query), _place(request.query.get("after", ""))
    async with request.app[READING].read() as session:
        counts = await one(session, _COUNTING["orphans"], span.bounds) or {}
        rows = await dicts(session, _SQL["orphans"], {**span.bounds, **after, "limit": _ORPHANS + 1})
    return page(
        request,
        "orphans.html",
        "Orphans",
        rows=rows[:_ORPHANS],
        total=sum(counts.values()),
        span=span,
        following=_further(rows, span),
        backlog=await backlog_of(request.app),
        tabs=TABS,
    )


async def duplicates(request: web.Request) -> web.Response:
    """How many came again on which day."""
    async with request.app[READING].read() as session:
        asked = {"before": day_in(request.query, "before"), "limit": _DAYS + 1}
        rows = await dicts(session, _SQL["duplicates"], asked)
    return page(
        request,
        "duplicates.html",
        "Duplicates",
        rows=rows[:_DAYS],
        following=_more("/quality/duplicates", rows, _DAYS, before="day"),
        backlog=await backlog_of(request.app),
        tabs=TABS,
    )


def _conflict(row: dict[str, Any]) -> dict[str, Any]:
    """A conflict with its values side by side and the times at which both came into the stream."""
    streamed = {
        name: None if row[name] is None else from_epoch_ms(entry_time_ms(row[name]))
        for name in ("entry_id", "first_entry_id")
    }
    return {**row, "pairs": side_by_side(row["first"], row["again"]), "streamed": streamed}


def _span(query: Mapping[str, str]) -> Span:
    until = day_in(query, "until") or utc_now().astimezone(WIB).date() + timedelta(days=1)
    since = day_in(query, "since") or until - timedelta(days=_USUAL_DAYS)
    if since > until:
        raise Problem(400, "since: not after until")
    return Span(since, until)


def _place(text: str) -> dict[str, Any]:
    """Where a page of orphans begins. Raises Problem."""
    if not text:
        return {"after_ts": None, "after_id": None, "after_event": None}
    moment, _, rest = text.partition("_")
    signal_id, _, event = rest.partition("_")
    try:
        at, place = datetime.fromisoformat(moment).astimezone(WIB), _EVENTS.index(event)
        return {"after_ts": at, "after_id": str(UUID(signal_id)), "after_event": _EVENTS[place]}
    except (ValueError, OverflowError):
        raise Problem(400, "after: not a place in a list of orphans") from None


def _further(rows: Sequence[dict[str, Any]], span: Span) -> str | None:
    if len(rows) <= _ORPHANS:
        return None
    last = rows[_ORPHANS - 1]
    after = f"{last['ts'].astimezone(WIB).isoformat()}_{last['signal_id']}_{last['event']}"
    return f"/quality/orphans?{urlencode({**span._asdict(), 'after': after})}"


def _more(
    path: str, rows: Sequence[dict[str, Any]], limit: int, event: str | None = None, **by: str
) -> str | None:
    """The address of the next page: `by` names the parameter and the column whose last value it takes."""
    if len(rows) <= limit:
        return None
    ((name, column),) = by.items()
    return f"{path}?{urlencode({**({'event': event} if event else {}), name: rows[limit - 1][column]})}"
