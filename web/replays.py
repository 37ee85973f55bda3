"""Sessions and their replays as pages and calls know them: looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Literal

import redis
from aiohttp import web

from replay.operations import asking, jobs, playing, sessions
from replay.operations.asking import Building
from signaltape.errors import NotFound, OperationError, RedisUnavailable
from signaltape.replay import Manifest, PlayerStatus
from signaltape.replay.session import DateRange
from signaltape.settings import Settings
from web.asking import of_replays
from web.connections import Patience
from web.replay_shapes import ReplayManifest, ReplayStatus
from web.shared import SETTINGS


async def manifest(app: web.Application, session: str) -> ReplayManifest:
    """A session, or what is known of its build. Raises NotFound."""
    return await of_replays(_manifest, app[SETTINGS].common, session)


async def manifests(app: web.Application) -> list[ReplayManifest]:
    """All sessions and builds, newest first. Builds are not known while Redis is away."""
    return await of_replays(_manifests, app[SETTINGS].common)


async def status(app: web.Application, session: str | None = None) -> ReplayStatus:
    """How a session stands; without its name the one that is replayed, if any. Raises NotFound."""
    settings = app[SETTINGS].common
    if session is not None:
        return of_status(await of_replays(playing.standing, settings, session))
    running = await of_replays(playing.running_sessions, settings)
    return of_status(running[0], running[1:]) if running else ReplayStatus()


async def all_running(app: web.Application) -> list[ReplayStatus]:
    """How all that are replayed now stand."""
    found = await of_replays(playing.running_sessions, app[SETTINGS].common)
    return [of_status(one) for one in found]


async def is_served(app: web.Application) -> bool:
    """Whether a process does what is asked for. False while Redis is away, or not set."""
    return await of_replays(_is_served, app[SETTINGS].common)


def of_status(one: PlayerStatus, others: list[PlayerStatus] | None = None) -> ReplayStatus:
    """How a replay stands."""
    told = set(ReplayStatus.__struct_fields__)
    fields = {name: getattr(one, name) for name in one.__struct_fields__ if name in told}
    return ReplayStatus(**fields, also_running=[other.session_id for other in others or []])


def _is_served(settings: Settings) -> bool:
    try:
        with _patiently(settings):
            return settings.redis_url is not None and jobs.is_served(settings)
    except OperationError:
        return False


def _manifest(settings: Settings, session: str) -> ReplayManifest:
    try:
        return _ready(sessions.show_session(settings, session))
    except NotFound:
        with _patiently(settings):
            building = asking.building(settings, session) if settings.redis_url is not None else None
        if building is None:
            raise
        return _asked(building)


def _manifests(settings: Settings) -> list[ReplayManifest]:
    ready = [_ready(one) for one in sessions.list_sessions(settings)]
    there = {one.session_id for one in ready}
    asked = [_asked(one) for one in _buildings(settings) if one.asked.session_id not in there]
    return sorted([*ready, *asked], key=lambda one: one.created_at, reverse=True)


def _buildings(settings: Settings) -> list[Building]:
    try:
        with _patiently(settings):
            return asking.buildings(settings) if settings.redis_url is not None else []
    except OperationError:
        return []


@contextmanager
def _patiently(settings: Settings) -> Iterator[None]:
    """Ask Redis, unless it let somebody wait in vain just before. Raises RedisUnavailable."""
    try:
        with _patience_of(str(settings.redis_url and settings.redis_url.reveal())).asking():
            yield
    except redis.RedisError as error:
        raise RedisUnavailable(str(error)) from None


@lru_cache(maxsize=8)
def _patience_of(_server: str) -> Patience:
    return Patience()


def _ready(one: Manifest) -> ReplayManifest:
    return ReplayManifest(**{name: getattr(one, name) for name in one.__struct_fields__})


def _asked(one: Building) -> ReplayManifest:
    asked, job = one.asked, one.job
    return ReplayManifest(
        session_id=asked.session_id,
        created_at=asked.created_at,
        created_by=asked.created_by,
        source_date_range=DateRange(asked.since, asked.until),
        symbols=asked.symbols,
        event_types=asked.types,
        speed_factor=asked.speed,
        notes=asked.notes,
        source=asked.source,
        state=_state(job),
        progress=f"{job.what}: {job.done}" if job.done else job.what,
        message=job.said,
    )


def _state(job: jobs.JobState) -> Literal["waiting", "building", "failed"]:
    """Of a build; one that is done without a session was deleted again."""
    if job.state is jobs.State.WAITING:
        return "waiting"
    return "building" if job.state is jobs.State.RUNNING else "failed"
