"""What if as a job of `python -m replay serve`, where that runs; else in this process, one at a time and bounded.

The same question has the same id, and within minutes the same answer. A failure is told once, then forgotten: it may be
asked anew.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec
import redis
from aiohttp import web

from replay.operations import jobs
from reports.operations.compared import Answered, answered
from reports.operations.shown import Week
from signaltape.errors import NotAllowedNow, NotFound
from web.api.upkeep_shapes import WhatIfUnderWay
from web.http.problems import Problem
from web.shared import REDIS, SETTINGS, WHATIFS

KIND = "whatif"
#: Whoever asks waits so long for the answer itself.
_SOON_S, _LOOK_EVERY_S = 5.0, 0.1
_ID_SIGNS = 32
_NOT_KNOWN = "No such what-if is known: it ended some minutes ago, or was not asked for. Ask again."
_NOBODY = "Nobody works the queue: start python -m replay serve."


class Wanted(NamedTuple):
    """A question: the signals of so many weeks up to `newest`, under these weights."""

    newest: Week
    weeks: int
    weights: Mapping[str, Decimal]

    @property
    def arguments(self) -> jobs.Json:
        """As the job takes it."""
        weights = {layer: str(weight) for layer, weight in sorted(self.weights.items())}
        return {"week": self.newest.name, "weeks": self.weeks, "weights": weights}

    @property
    def id(self) -> str:
        """The same for the same question."""
        return hashlib.sha256(msgspec.json.encode(self.arguments)).hexdigest()[:_ID_SIGNS]


class Found(NamedTuple):
    """A job's answer, and what was asked."""

    answer: Answered
    asked: jobs.Json


async def compare(app: web.Application, wanted: Wanted) -> Answered | WhatIfUnderWay:
    """The answer, if it is there within seconds; else how far it is. Raises NotFound, Problem."""
    if not await _is_served(app):
        settings = app[SETTINGS].reading
        return answered(await app[WHATIFS].compare(settings, wanted.newest, wanted.weights, wanted.weeks))
    found = await _told(app, await _asked(app, wanted))
    return found.answer if isinstance(found, Found) else found


async def look(app: web.Application, name: str) -> Found | WhatIfUnderWay:
    """The answer to what was asked before, or how far it is. Raises NotFound, Problem."""
    job = await _job(app, name) if await _redis_answers(app) else None
    if job is None:
        raise NotFound(_NOT_KNOWN)
    found = await _told(app, job)
    if isinstance(found, WhatIfUnderWay) and not await _is_served(app):
        return msgspec.structs.replace(found, message=_NOBODY)
    return found


async def _asked(app: web.Application, wanted: Wanted) -> jobs.JobState:
    """The job of a question: one that is known already as it stands, a new one some seconds later at most."""
    known = await _job(app, wanted.id)
    if known is not None:
        return known
    settings = app[SETTINGS].common
    try:
        await asyncio.to_thread(jobs.ask_for, settings, KIND, wanted.id, wanted.arguments)
    except NotAllowedNow:
        if await _job(app, wanted.id) is None:
            raise  # too many wait
    until = time.monotonic() + _SOON_S
    while True:
        job = await _job(app, wanted.id)
        if job is None:
            raise Problem(503, "It was taken out of the queue. Ask again.")
        if not job.under_way or time.monotonic() >= until:
            return job
        await asyncio.sleep(_LOOK_EVERY_S)


async def _told(app: web.Application, job: jobs.JobState) -> Found | WhatIfUnderWay:
    if job.state is jobs.State.DONE and job.result is not None:
        return Found(msgspec.convert(job.result, Answered), job.arguments)
    if job.under_way:
        return WhatIfUnderWay(job.name, job.state.value, job.done, f"/api/whatif/{job.name}")
    await asyncio.to_thread(jobs.withdraw, app[SETTINGS].common, KIND, job.name)
    raise _failed(job)


def _failed(job: jobs.JobState) -> Exception:
    if job.error == NotFound.__name__:
        return NotFound(job.said)
    return Problem(503, f"It was not computed: {job.said or 'no reason was given'}.")


async def _job(app: web.Application, name: str) -> jobs.JobState | None:
    return await asyncio.to_thread(jobs.job, app[SETTINGS].common, KIND, name)


async def _is_served(app: web.Application) -> bool:
    """Whether a process `replay serve` does this kind."""
    return await _redis_answers(app) and await asyncio.to_thread(jobs.is_served, app[SETTINGS].common, KIND)


async def _redis_answers(app: web.Application) -> bool:
    """Asked as pages ask: the queue itself would wait longer for a Redis that hangs."""
    if REDIS not in app:
        return False
    try:
        await app[REDIS].ping()
    except (redis.RedisError, OSError):
        return False
    return True
