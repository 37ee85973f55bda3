"""The way an event goes, station by station: a word and a figure each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from outbox.wording import duration
from signaltape.clock import WIB, utc_now
from signaltape.errors import SignaltapeError
from signaltape.journal.home import backlog_bytes, journal_folders
from signaltape.stream import ARCHIVE_GROUP, WORKER_GROUP, entry_time_ms, stream_keys
from sink.pool import Session, one
from sink.queries import load
from web.last_known import LastKnown, Said
from web.shared import READING, REDIS, SETTINGS

log = logging.getLogger("web")
_SQL = load(Path(__file__).parent / "sql" / "pipeline.sql")
#: Who does not answer within this time is away: a page waits for all servers side by side.
WITHIN_S = 1.2
#: Behind by more than this many seconds a step warns, then errs.
_WARN_S, _ERROR_S = 10.0, 120.0
_WARN_BACKLOG = 32 * 1024 * 1024
#: Dead letters are counted up to here.
_MOST_LETTERS = 1000
OK, WARN, ERROR, UNKNOWN = "OK", "WARN", "ERROR", "-"
_AWAY = "away"


class Step(msgspec.Struct, frozen=True):
    """A station: its state in a word, a figure, and what to know of it; address: the page that tells more of that."""

    name: str
    state: str
    figure: str
    more: str = ""
    address: str = ""

    @property
    def is_away(self) -> bool:
        """Whether its server does not answer."""
        return self.figure == _AWAY


class Stations:
    """What each server has to say of the stations at it."""

    def __init__(self, app: web.Application) -> None:
        self._journal = LastKnown(lambda: _journals(app))
        self._stream = LastKnown(lambda: _stream(app))
        self._stored = LastKnown(lambda: _stored(app))

    async def steps(self) -> list[Step]:
        """All stations, in the order of the way; who does not answer in time is away, and what it said last is told."""
        parts = (
            _part(self._journal, "Journal", "the disk does not answer"),
            _part(self._stream, "Stream", "Redis is away; journals keep everything meanwhile"),
            _part(self._stored, "Postgres", "the stream keeps everything meanwhile"),
        )
        return [step for part in await asyncio.gather(*parts) for step in part]

    async def close(self) -> None:
        """Ask no more."""
        for known in (self._journal, self._stream, self._stored):
            await known.close()


STATIONS = web.AppKey("stations", Stations)


async def strip(app: web.Application) -> list[Step]:
    """All stations, in the order of the way; what is away is said at its station."""
    return await app[STATIONS].steps()


async def _part(known: LastKnown[list[Step]], name: str, away: str) -> list[Step]:
    said = await known.within(WITHIN_S)
    if said.error is None:
        return said.found or []
    log.warning("no state of %s: %s", name, type(said.error).__name__)
    return [Step(name, ERROR, _AWAY, f"{away}{_last_said(said)}")]


def _last_said(said: Said[list[Step]]) -> str:
    """`; 12 s ago: 345 entries, Worker lag 0.2 s`."""
    if not said.found:
        return ""
    first, *others = said.found
    figures = ", ".join([first.figure, *(f"{one.name} {one.figure}" for one in others)])
    return f"; {duration(round(1000 * said.age_s))} ago: {figures}"


def worst(steps: Sequence[Step]) -> str:
    """The state of the whole."""
    states = [step.state for step in steps]
    return next((state for state in (ERROR, WARN) if state in states), OK)


async def _journals(app: web.Application) -> list[Step]:
    home = app[SETTINGS].common.home
    try:
        waiting = await asyncio.to_thread(lambda: sum(map(backlog_bytes, journal_folders(home))))
    except (OSError, SignaltapeError) as error:
        return [Step("Journal", UNKNOWN, "-", f"cannot be read here: {type(error).__name__}")]
    state = WARN if waiting > _WARN_BACKLOG else OK
    return [Step("Journal", state, f"{waiting / 2**20:.1f} MiB", "on disk on this machine")]


async def _stream(app: web.Application) -> list[Step]:
    if REDIS not in app:
        return [Step("Stream", UNKNOWN, "-", "REDIS_URL is not set")]
    common, client = app[SETTINGS].common, app[REDIS]
    keys = stream_keys(common.stream, common.partitions)
    entries = sum([await client.xlen(key) for key in keys])
    worker = await _group(client, keys, WORKER_GROUP)
    archive = await _group(client, keys, ARCHIVE_GROUP)
    steps = [Step("Stream", OK, f"{entries} entries"), worker or _no_worker(entries)]
    return [*steps, archive] if archive else steps


def _no_worker(entries: int) -> Step:
    return Step("Worker", ERROR if entries else UNKNOWN, "never ran", "start it: python -m worker")


async def _group(client: Any, keys: Sequence[str], name: str) -> Step | None:
    """How far a group is; None if it never was."""
    groups = {key: await _info(client, key, name) for key in keys}
    if not any(groups.values()):
        return None
    behind_s = max([await _behind_s(client, key, info) for key, info in groups.items()])
    pending = sum(info["pending"] for info in groups.values() if info)
    state = ERROR if behind_s > _ERROR_S else WARN if behind_s > _WARN_S else OK
    more = f"{pending} given out, not acknowledged yet" if pending else ""
    return Step(name.capitalize(), state, f"lag {behind_s:.1f} s", more)


async def _info(client: Any, key: str, name: str) -> dict[str, Any] | None:
    if not await client.exists(key):
        return None
    found = {group["name"].decode(): group for group in await client.xinfo_groups(key)}
    return found.get(name)


async def _behind_s(client: Any, key: str, info: dict[str, Any] | None) -> float:
    """Age of the oldest entry that the group was not given yet."""
    start = "-" if info is None else b"(" + info["last-delivered-id"]
    waiting = await client.xrange(key, min=start, count=1)
    if not waiting:
        return 0.0
    return max(0.0, utc_now().timestamp() - entry_time_ms(waiting[0][0].decode()) / 1000)


async def _stored(app: web.Application) -> list[Step]:
    async with app[READING].read() as session:
        return [await _postgres(session), await _messages(session)]


async def _postgres(session: Session) -> Step:
    row = await one(session, _SQL["stored"])
    newest = row["newest"] if row else None
    letters = await one(session, _SQL["dead_letters"], {"most": _MOST_LETTERS})
    said = letters_said(letters["n"] if letters else 0)
    address = "/quality" if said else ""
    if newest is None:
        return Step("Postgres", OK, "empty", said or "no signal is stored yet", address)
    return Step(
        "Postgres", OK, f"{newest.astimezone(WIB):%d %b %H:%M}", said or "the newest signal, WIB", address
    )


def letters_said(count: int) -> str:
    """`1 dead letter`, `1000 dead letters or more`; nothing of none."""
    more = " or more" if count >= _MOST_LETTERS else ""
    return f"{count} dead letter{'' if count == 1 else 's'}{more}" if count else ""


async def _messages(session: Session) -> Step:
    row = await one(session, _SQL["messages"]) or {}
    stuck = (row.get("failed") or 0) + (row.get("uncertain") or 0)
    more = f"{stuck} need{'s' if stuck == 1 else ''} a look" if stuck else ""
    return Step("Telegram", WARN if stuck else OK, f"{row.get('waiting') or 0} waiting", more, "/messages")
