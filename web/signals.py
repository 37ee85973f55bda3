"""Signals that are looked for: filters out of an address, a page of them, and one with all that is known of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from signaltape.clock import WIB, from_epoch_ms
from signaltape.stream import entry_time_ms
from sink.pool import Pool, Session, dicts, one
from sink.queries import load
from web.http.problems import Problem

_SQL = load(Path(__file__).parent / "sql" / "signals.sql")
OUTCOMES = ("closed", "won", "lost", "sl", "open", "triggered", "expired")
SIDES = ("long", "short")
BINS = ("<0.50", "0.50-0.59", "0.60-0.69", "0.70-0.79", "0.80+")
_NO_ID = "A signal's id looks like 0198a3c4-5f2e-7d31-9b1c-3a5f7c9e1b2d."
_NOT_STORED = "Nothing is stored of this signal. It may still be on its way, or was purged."
_PAGE = 50
_MOST_PAGE = 500
_ENTRY_ID = re.compile(r"([0-9]{10,15})-[0-9]{1,20}")
_LONGEST = 200


class Filters(NamedTuple):
    """What signals are looked for; None lets all through. since, until: WIB days, both included."""

    since: date | None = None
    until: date | None = None
    symbol: str | None = None
    side: str | None = None
    setup: str | None = None
    rules: str | None = None
    bin: int | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    outcome: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """For the queries."""
        return {
            **self._asdict(),
            "since": self.since and datetime.combine(self.since, time.min, WIB),
            "until": self.until and datetime.combine(self.until, time.min, WIB) + timedelta(days=1),
        }

    @property
    def address(self) -> str:
        """The page of these signals."""
        given = {name: str(value) for name, value in self._asdict().items() if value is not None}
        return f"/signals?{urlencode(given)}" if given else "/signals"


class Place(NamedTuple):
    """A place in the order of signals, newest first."""

    ts: datetime | None = None
    signal_id: str | None = None


class Page(NamedTuple):
    """Some signals, and where the next ones begin (None: these were the last)."""

    rows: Sequence[dict[str, Any]]
    after: str | None


def filters_of(query: Mapping[str, str]) -> Filters:
    """Read the filters of an address. Raises Problem, naming the one that cannot be used."""
    return Filters(
        since=_day(query, "since"),
        until=_day(query, "until"),
        symbol=_text(query, "symbol"),
        side=_one_of(query, "side", SIDES),
        setup=_text(query, "setup"),
        rules=_text(query, "rules"),
        bin=_bin(query),
        low=_number(query, "low"),
        high=_number(query, "high"),
        outcome=_one_of(query, "outcome", OUTCOMES),
    )


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
    text = query.get("limit", "")
    if not text:
        return _PAGE
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) <= _MOST_PAGE:
        raise Problem(400, f"limit: a number from 1 to {_MOST_PAGE}")
    return int(text)


async def page_of(session: Session, filters: Filters, after: Place, limit: int) -> Page:
    """The signals behind a place."""
    asked = {**filters.parameters, "after_ts": after.ts, "after_id": after.signal_id, "limit": limit + 1}
    rows = await dicts(session, _SQL["list"], asked)
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    return Page(rows[:limit], f"{last['ts_published'].astimezone(WIB).isoformat()}_{last['signal_id']}")


async def count_of(session: Session, filters: Filters) -> int:
    """How many signals the filters let through."""
    row = await one(session, _SQL["count"], filters.parameters)
    return int(row["n"]) if row else 0


async def found_by_id(session: Session, text: str) -> str | None:
    """The id of the signal that a text names: its own id, its ref, or an entry of the stream."""
    text = text.strip()
    if is_id(text):
        return str(UUID(text))
    entry = _ENTRY_ID.fullmatch(text)
    if entry is not None:
        around = from_epoch_ms(int(entry[1]))
        span = {"since": around - timedelta(days=7), "until": around + timedelta(days=1)}
        row = await one(session, _SQL["by_entry"], {"text": text, **span})
        return row["signal_id"] if row else None
    rows = await dicts(session, _SQL["by_ref"], {"text": text}) if 0 < len(text) <= _LONGEST else []
    return rows[0]["signal_id"] if rows else None


def is_text(text: str) -> bool:
    """Whether Postgres can be asked for it."""
    return (
        len(text) <= _LONGEST and "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)
    )


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
    asked = {"signal_id": signal_id}
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


def _text(query: Mapping[str, str], name: str) -> str | None:
    text = query.get(name, "").strip()
    if not is_text(text):
        raise Problem(400, f"{name}: a text of at most {_LONGEST} characters")
    return text or None


def _one_of(query: Mapping[str, str], name: str, known: Sequence[str]) -> str | None:
    text = query.get(name, "")
    if text and text not in known:
        raise Problem(400, f"{name}: one of {', '.join(known)}")
    return text or None


def _day(query: Mapping[str, str], name: str) -> date | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Problem(400, f"{name}: a day such as 2022-01-17") from None
    if not 1970 <= day.year <= 2199:
        raise Problem(400, f"{name}: a day of the years 1970 to 2199")
    return day


def _number(query: Mapping[str, str], name: str) -> Decimal | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        number = Decimal(text) if len(text) <= 20 else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not (number.is_finite() and 0 <= number <= 1):
        raise Problem(400, f"{name}: a score from 0 to 1")
    return number


def _bin(query: Mapping[str, str]) -> int | None:
    text = query.get("bin", "")
    if not text:
        return None
    if text not in BINS and not (text in "01234" and len(text) == 1):
        raise Problem(400, f"bin: one of {', '.join(BINS)}, or its number 0 to 4")
    return BINS.index(text) if text in BINS else int(text)
