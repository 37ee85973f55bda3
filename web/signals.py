"""Signals that are looked for: a page of them, how many there are, and one with all that is known of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from signaltape.clock import WIB, from_epoch_ms
from signaltape.contract.codec import event_id
from signaltape.contract.events import EVENTS
from signaltape.stream import entry_time_ms
from sink.pool import Pool, Session, dicts, one
from sink.queries import load
from web.asked import LONGEST, number_in
from web.filters import Filters
from web.http.problems import Problem

_SQL = load(Path(__file__).parent / "sql" / "signals.sql")
_NO_ID = "A signal's id looks like 0198a3c4-5f2e-7d31-9b1c-3a5f7c9e1b2d."
_NOT_STORED = "Nothing is stored of this signal. It may still be on its way, or was purged."
_PAGE = 50
_MOST_PAGE = 500
#: A search looks through so many signals, the newest of the rarest thing that it asks for, unless all are asked for:
#: what has no index (a side, an outcome) may stand in one of millions.
MOST_LOOKED_THROUGH = 10_000
_ENTRY_ID = re.compile(r"[0-9]{10,15}-[0-9]{1,20}")
_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
_BEFORE_ALL = str(UUID(int=0))


class Place(NamedTuple):
    """A place in the order of signals, newest first."""

    ts: datetime | None = None
    signal_id: str | None = None

    def __str__(self) -> str:
        """As it stands in an address."""
        return f"{self.ts.astimezone(WIB).isoformat()}_{self.signal_id}" if self.ts else ""


class Page(NamedTuple):
    """Some signals, and where the next ones begin (None: these were the last).

    back_to: where looking ended, though the page is not full; None: at the end.
    """

    rows: Sequence[dict[str, Any]]
    after: Place | None
    back_to: datetime | None


class Total(NamedTuple):
    """How many there are; back_to: counted back to here only, there may be more."""

    n: int
    back_to: datetime | None


def place_of(text: str) -> Place:
    """Read where a page begins. Raises Problem."""
    if not text:
        return Place()
    moment, _, signal_id = text.partition("_")
    try:
        return Place(datetime.fromisoformat(moment).astimezone(WIB), str(UUID(signal_id)))
    except (ValueError, OverflowError):
        raise Problem(400, "after: not a place in a list of signals") from None


def limit_of(query: Mapping[str, str]) -> int:
    """How many to list at most. Raises Problem."""
    return number_in(query, "limit", 1, _MOST_PAGE) or _PAGE


def all_of(query: Mapping[str, str]) -> bool:
    """Whether all are to be looked through, however long it takes. Raises Problem."""
    text = query.get("all", "")
    if text not in ("", "1"):
        raise Problem(400, "all: 1, or nothing")
    return text == "1"


async def found(
    session: Session, filters: Filters, after: Place, limit: int, *, whole: bool
) -> tuple[Page, Total]:
    """The signals behind a place, and how many there are in all. whole: look through all, however long it takes."""
    # all would not be held in memory; and what an index tells is counted without looking at it
    if whole or after.ts is not None or filters.one_index_has:
        total = await total_of(session, filters, whole=whole)
        return await page_of(session, filters, after, limit, whole=whole), total
    back_to = await _reach(session, filters, after)
    rows = await dicts(session, _SQL["first"], {**_asked(filters, back_to), "limit": limit + 1})
    return _page(rows, limit, back_to), Total(rows[0]["n"] if rows else 0, back_to)


async def page_of(session: Session, filters: Filters, after: Place, limit: int, *, whole: bool) -> Page:
    """The signals behind a place. whole: look through all, however long it takes."""
    back_to = None if whole else await _reach(session, filters, after)
    asked = {
        **_asked(filters, back_to),
        "after_ts": after.ts,
        "after_id": after.signal_id,
        "limit": limit + 1,
    }
    return _page(await dicts(session, _SQL["list"], asked), limit, back_to)


async def total_of(session: Session, filters: Filters, *, whole: bool) -> Total:
    """How many signals the filters let through. whole: count all, however long it takes."""
    back_to = None if whole else await _reach(session, filters, Place())
    query = "count_by_index" if filters.one_index_has else "count"
    row = await one(session, _SQL[query], _asked(filters, back_to))
    return Total(int(row["n"]) if row else 0, back_to)


def _page(rows: Sequence[dict[str, Any]], limit: int, back_to: datetime | None) -> Page:
    """rows: one more than the page may have, if there are so many."""
    if len(rows) > limit:
        last = rows[limit - 1]
        return Page(rows[:limit], Place(last["ts_published"], last["signal_id"]), None)
    return Page(rows, Place(back_to, _BEFORE_ALL) if back_to else None, back_to)


async def _reach(session: Session, filters: Filters, after: Place) -> datetime | None:
    """How far back to look; None: to the beginning."""
    asked = filters.parameters
    until = min(asked["until"] or _LAST, after.ts or _LAST)
    span = {"since": asked["since"] or _FIRST, "until": until, "most": MOST_LOOKED_THROUGH}
    if not filters.asks_for_alerts:
        await session.execute(_SQL["by_index"])
    row = await one(session, _SQL["reach"], {**asked, **span})
    back_to: datetime | None = row["back_to"] if row else None
    return back_to


def _asked(filters: Filters, back_to: datetime | None) -> dict[str, Any]:
    asked = filters.parameters
    return {**asked, "since": back_to} if back_to else asked


async def found_by_id(session: Session, text: str) -> str | None:
    """The id of the signal that a text names: its own id, its ref, or an entry of the stream."""
    text = text.strip()
    if is_id(text):
        return str(UUID(text))
    query = "by_entry" if _ENTRY_ID.fullmatch(text) else "by_ref"
    rows = await dicts(session, _SQL[query], {"text": text}) if 0 < len(text) <= LONGEST else []
    return rows[0]["signal_id"] if rows else None


def is_id(text: str) -> bool:
    """Whether a text is the id of a signal."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


class Whole(NamedTuple):
    """A signal (None if its `published` has not come), its events, layers and conflicts."""

    signal: dict[str, Any] | None
    events: Sequence[dict[str, Any]]
    layers: Sequence[dict[str, Any]]
    conflicts: Sequence[dict[str, Any]]


async def whole(pool: Pool, signal_id: str) -> Whole:
    """All that is stored of a signal. Raises Problem (404) for what is no id, or where nothing is."""
    if not is_id(signal_id):
        raise Problem(404, _NO_ID)
    asked = {"signal_id": signal_id, "event_ids": [event_id(str(UUID(signal_id)), kind) for kind in EVENTS]}
    async with pool.read() as session:
        events = await _events(session, "events", asked)
        if not events:
            raise Problem(404, _NOT_STORED)
        return Whole(
            await one(session, _SQL["one"], asked),
            events,
            await dicts(session, _SQL["layers"], asked),
            await _events(session, "conflicts", asked),
        )


async def _events(session: Session, query: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
    return [_timed(row) for row in await dicts(session, _SQL[query], asked)]


def _timed(event: dict[str, Any]) -> dict[str, Any]:
    """An event with the time at which it came into the stream: its entry's id says it."""
    streamed = from_epoch_ms(entry_time_ms(event["entry_id"])).astimezone(WIB)
    return {**event, "streamed": streamed}
