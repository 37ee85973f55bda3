"""How all of it is: stations, partitions, journals, versions. All servers are asked side by side, and not for long."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import web

from outbox.wording import duration
from signaltape import __version__
from signaltape.clock import utc_now
from signaltape.errors import SignaltapeError
from sink.pool import dicts
from sink.queries import load
from web.http.versions import API_VERSION
from web.last_known import LastKnown, Said
from web.pipeline import WITHIN_S, Step, strip, worst
from web.shared import FEED, READING, REDIS, SETTINGS
from worker.operations import Status, status

SQL = load(Path(__file__).parent / "sql" / "pipeline.sql")
#: What is away, by the station that says so.
_SERVERS = {"Stream": "Redis is away", "Postgres": "Postgres is away", "Journal": "The disk does not answer"}
_AWAY = "away"
#: Events of so many days are counted.
_DAYS = 1


class Health(msgspec.Struct, frozen=True):
    """All of it. status: None where it is not known; why: what is away, or not counted yet, and of when it is then."""

    state: str
    steps: list[Step]
    status: Status | None
    why: str
    versions: dict[str, str]
    followers: int


class Looking:
    """What is asked besides the stations."""

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._status = LastKnown(lambda: asyncio.to_thread(status, app[SETTINGS].reading, utc_now(), _DAYS))
        self._postgres = LastKnown(lambda: _postgres_version(app))
        self._redis = LastKnown(lambda: _redis_version(app))

    async def health(self) -> Health:
        """Look at everything now."""
        steps, found, postgres, redis = await asyncio.gather(
            strip(self._app),
            self._status.within(WITHIN_S),
            self._postgres.within(WITHIN_S),
            self._redis.within(WITHIN_S),
        )
        away = [_SERVERS[step.name] for step in steps if step.is_away]
        followers = self._app[FEED].followers if FEED in self._app else 0
        versions = _versions(postgres, redis)
        return Health(worst(steps), steps, found.found, why(found, away), versions, followers)

    async def close(self) -> None:
        """Ask no more."""
        for one in (self._status, self._postgres, self._redis):
            await one.close()


LOOKING = web.AppKey("looking", Looking)


def why(found: Said[Status], away: Sequence[str]) -> str:
    """Why the status is not of now, and of when it is then; empty if it is of now."""
    if found.error is None:
        return ""
    if found.found is not None:
        what = f"as it was {duration(round(1000 * found.age_s))} ago"
    else:
        what = "what stands there is shown when it is back" if away else "this page shows it once it is there"
    return f"{_reason(found.error, away)}: {what}."


def _reason(error: Exception, away: Sequence[str]) -> str:
    if away:
        return " and ".join(away)
    return str(error) if isinstance(error, SignaltapeError) else "It is still being counted"


def _versions(postgres: Said[str], redis: Said[str]) -> dict[str, str]:
    return {
        "signaltape": __version__,
        "API": API_VERSION,
        "Python": platform.python_version(),
        "aiohttp": aiohttp.__version__,
        "psycopg": version("psycopg"),
        "Postgres": _AWAY if postgres.error else postgres.found or _AWAY,
        "Redis": _AWAY if redis.error else redis.found or _AWAY,
    }


async def _postgres_version(app: web.Application) -> str:
    async with app[READING].read() as session:
        return str((await dicts(session, SQL["version"]))[0]["version"])


async def _redis_version(app: web.Application) -> str:
    if REDIS not in app:
        return "-"
    info = await app[REDIS].info("server")
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return str(info.get("redis_version", "?"))
