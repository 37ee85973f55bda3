"""Health: stations, partitions, journals, versions; and the two questions that a host asks."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import aiohttp
import msgspec
import redis
from aiohttp import web

from signaltape import __version__
from signaltape.clock import utc_now
from signaltape.errors import OperationError, SettingsError
from sink.db import DatabaseError
from sink.pool import PoolTimeout, dicts
from sink.queries import load
from web.http.versions import API_VERSION
from web.pipeline import Step, strip, worst
from web.rendering import page
from web.shared import FEED, READING, REDIS, SETTINGS
from worker.operations import Status, status

_SQL = load(Path(__file__).parent.parent / "sql" / "pipeline.sql")
#: What is away, by the station that says so.
_SERVERS = {"Stream": "Redis is away", "Postgres": "Postgres is away"}
#: Events of so many days are counted.
_DAYS = 1
#: While somebody looks, the page is asked for again so often: it counts a day's events each time.
_FRESH_S = 15


class Health(msgspec.Struct, frozen=True):
    """All of it. status: None while Redis or Postgres is away; why: which."""

    state: str
    steps: list[Step]
    status: Status | None
    why: str
    versions: dict[str, str]
    followers: int


async def health_of(app: web.Application) -> Health:
    """Look at everything now."""
    steps = await strip(app)
    away = [step.name for step in steps if step.is_away]
    found, why = await _status(app, away)
    followers = app[FEED].followers if FEED in app else 0
    return Health(worst(steps), steps, found, why, await _versions(app, away), followers)


async def show(request: web.Request) -> web.Response:
    """The page."""
    health = await health_of(request.app)
    return page(request, "health.html", "Health", fresh_s=_FRESH_S, health=health)


async def alive(request: web.Request) -> web.Response:
    """The process answers."""
    return web.Response(text="ok\n")


async def ready(request: web.Request) -> web.Response:
    """Postgres answers; while it does not, no page can be shown whole (503)."""
    async with request.app[READING].read() as session:
        await dicts(session, _SQL["stored"])
    return web.Response(text="ready\n")


async def _status(app: web.Application, away: Sequence[str]) -> tuple[Status | None, str]:
    """What is away is not waited for again: a status waits longer for its servers than a page may."""
    if away:
        return (
            None,
            f"{' and '.join(map(_SERVERS.__getitem__, away))}: what stands there is shown when it is back.",
        )
    try:
        return await asyncio.to_thread(status, app[SETTINGS].reading, utc_now(), _DAYS), ""
    except (OperationError, SettingsError) as error:
        return None, str(error)


async def _versions(app: web.Application, away: Sequence[str]) -> dict[str, str]:
    return {
        "signaltape": __version__,
        "API": API_VERSION,
        "Python": platform.python_version(),
        "aiohttp": aiohttp.__version__,
        "psycopg": version("psycopg"),
        "Postgres": "away" if "Postgres" in away else await _postgres_version(app),
        "Redis": "away" if "Stream" in away else await _redis_version(app),
    }


async def _postgres_version(app: web.Application) -> str:
    try:
        async with app[READING].read() as session:
            return str((await dicts(session, _SQL["version"]))[0]["version"])
    except (DatabaseError, PoolTimeout):
        return "away"


async def _redis_version(app: web.Application) -> str:
    if REDIS not in app:
        return "-"
    try:
        info = await app[REDIS].info("server")
    except (redis.RedisError, OSError):
        return "away"
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return str(info.get("redis_version", "?"))
