"""What all handlers share, by the keys under which the application holds it."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from sink.pool import Pool
from web.bins import Bins
from web.cards import Cards
from web.http.access import Access
from web.http.versions import Versions
from web.live import Feed
from web.scores import PictureAsked, ScoreAsked, ShownScore, Side, SliceAsked
from web.settings import WebSettings
from web.whatif import WhatIfs

SETTINGS = web.AppKey("settings", WebSettings)
VERSIONS = web.AppKey("versions", Versions)
ACCESS = web.AppKey("access", Access)
#: scorecards of weeks
CARDS: web.AppKey[Cards[ScoreAsked, ShownScore]] = web.AppKey("cards", Cards)
#: sides of comparisons
COMPARED: web.AppKey[Cards[SliceAsked, Side]] = web.AppKey("compared", Cards)
#: pictures of weeks
DRAWN: web.AppKey[Cards[PictureAsked, bytes]] = web.AppKey("drawn", Cards)
BINS = web.AppKey("bins", Bins)
#: reads only
READING: web.AppKey[Pool] = web.AppKey("reading", Pool)
#: reads keys
FOR_KEYS: web.AppKey[Pool] = web.AppKey("for_keys", Pool)
#: writes what is noted of keys
WRITING: web.AppKey[Pool] = web.AppKey("writing", Pool)
#: a redis.asyncio.Redis; absent without REDIS_URL
REDIS: web.AppKey[Any] = web.AppKey("redis", object)
#: absent without REDIS_URL
FEED = web.AppKey("feed", Feed)
#: comparisons of weights
WHATIFS = web.AppKey("whatifs", WhatIfs)
