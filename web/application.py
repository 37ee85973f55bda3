"""The application: layers from the outside in, addresses, and what is opened and closed with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from signaltape.stream import stream_keys
from sink.db import database_url
from sink.pool import Pool, one
from sink.queries import load
from web import api, assets, upkeep
from web.bins import Bins
from web.cards import Cards
from web.connections import redis_of, shared_counts
from web.health import LOOKING, Looking
from web.http.access import Access, asked_by
from web.http.answering import answer, dressed
from web.http.bodies import MOST_BYTES, whole_bodies
from web.http.csrf import own_forms_only
from web.http.limits import Limiter, limited
from web.http.security import cross_origin, is_loopback, only_own_hosts
from web.http.under_way import MOST_OF_ONE, UnderWay, few_at_once
from web.http.versions import Newest, Versions
from web.listening import occupied
from web.live import Feed
from web.metrics import Metrics
from web.pages import (
    compare,
    ghosts,
    health,
    login,
    more,
    overview,
    record,
    reference,
    replay,
    replay_diff,
    score,
    signal,
    signals,
    slo,
)
from web.pipeline import STATIONS, Stations
from web.replay_mode import replay_mode
from web.scores import picture_of, score_of, side_of
from web.settings import WebSettings
from web.shared import (
    ACCESS,
    BINS,
    CARDS,
    COMPARED,
    DRAWN,
    FEED,
    FOR_KEYS,
    READING,
    REDIS,
    SETTINGS,
    VERSIONS,
    WRITING,
)

_SQL = load(Path(__file__).parent / "sql" / "versions.sql")
#: Sessions of Postgres for pages: more than one key may keep busy.
_SESSIONS = 2 * MOST_OF_ONE


def application(settings: WebSettings) -> web.Application:
    """The dashboard and API. Opens its connections when it starts."""
    common = settings.common
    client = None if common.redis_url is None else redis_of(common.redis_url)
    reading = Pool(settings.read_url, name="signaltape-web", most=_SESSIONS)
    writing = Pool(database_url(common), name="signaltape-web", most=1)
    # its own sessions: however many ask for other things, a key that was revoked ends in time
    for_keys = Pool(settings.read_url, name="signaltape-web", most=2)
    access = Access(for_keys, writing, must_log_in=not is_loopback(settings.host))
    metrics = Metrics()
    app = web.Application(
        client_max_size=MOST_BYTES,
        middlewares=[
            occupied,
            metrics.counted(),
            answer,
            replay_mode(common),
            cross_origin(settings.origins),
            only_own_hosts(access.needs_key),
            asked_by(access),
            limited(Limiter(client and shared_counts(client, common.stream))),
            few_at_once(UnderWay()),
            whole_bodies,
            own_forms_only,
        ],
    )
    app.on_response_prepare.append(dressed)
    app[SETTINGS], app[READING], app[WRITING], app[ACCESS] = settings, reading, writing, access
    app[FOR_KEYS] = for_keys
    app[VERSIONS] = Versions(lambda: _newest(reading))
    app[CARDS] = Cards(lambda asked: score_of(settings.reading, asked))
    app[COMPARED] = Cards(lambda asked: side_of(settings.reading, asked))
    app[DRAWN] = Cards(lambda asked: picture_of(settings.reading, asked))
    app[BINS] = Bins(reading)
    app[STATIONS], app[LOOKING] = Stations(app), Looking(app)
    if client is not None:
        app[REDIS] = client
        app[FEED] = Feed(client, stream_keys(common.stream, common.partitions))
        metrics.watch(app[FEED])
        app.on_shutdown.append(_end_followers)
    app.cleanup_ctx.append(_connections)
    _add_addresses(app, metrics)
    return app


def _add_addresses(app: web.Application, metrics: Metrics) -> None:
    add = app.router
    add.add_get("/", overview.show)
    compare.add_addresses(app)
    score.add_addresses(app)
    add.add_get("/signals", signals.show)
    add.add_get("/signals/{signal_id}", signal.show)
    add.add_get("/health", health.show)
    add.add_get("/healthz", health.alive)
    add.add_get("/readyz", health.ready)
    add.add_get("/metrics", metrics.serve)
    add.add_get("/login", login.show)
    add.add_post("/login", login.log_in)
    add.add_post("/logout", login.log_out)
    add.add_get("/static/{name}", assets.serve)
    for family in (api, ghosts, more, record, reference, replay, replay_diff, slo, upkeep):
        family.add_addresses(app)


async def _end_followers(app: web.Application) -> None:
    await app[FEED].close()


async def _connections(app: web.Application) -> AsyncIterator[None]:
    await app[READING].open()
    await app[FOR_KEYS].open()
    await app[WRITING].open()
    yield
    await app[STATIONS].close()
    await app[LOOKING].close()
    await app[CARDS].close()
    await app[COMPARED].close()
    await app[DRAWN].close()
    await app[VERSIONS].close()
    await app[ACCESS].close()
    await app[READING].close()
    await app[FOR_KEYS].close()
    await app[WRITING].close()
    if REDIS in app:
        await app[REDIS].aclose()


async def _newest(reading: Pool) -> Newest:
    async with reading.read() as session:
        row = await one(session, _SQL["newest"])
    return Newest(**row) if row else Newest()
