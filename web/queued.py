"""Questions that take long, answered by `python -m replay serve`.

The same question has one job, and for minutes one answer. A failure is told once, then forgotten: it may be asked anew.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import NamedTuple

import msgspec
import redis
from aiohttp import web

from replay.operations import jobs
from signaltape.errors import InvalidRequest, NotAllowedNow, NotFound
from web.http.problems import Problem
from web.shared import REDIS, SETTINGS

NOBODY = "Nobody works the queue: start python -m replay serve."
_LOOK_EVERY_S = 0.1
_ID_SIGNS = 32


class Question(NamedTuple):
    """A kind of job, and what it takes."""

    kind: str
    arguments: jobs.Json

    @property
    def id(self) -> str:
        """The same for the same question."""
        return hashlib.sha256(msgspec.json.encode(self.arguments)).hexdigest()[:_ID_SIGNS]


async def asked_for(app: web.Application, question: Question, within_s: float) -> jobs.JobState:
    """The job of a question: one that is known already as it stands, a new one once it is done, or so long after.

    Raises NotAllowedNow where too many wait.
    """
    known = await job_of(app, question.kind, question.id)
    if known is not None:
        return known
    settings = app[SETTINGS].common
    try:
        await asyncio.to_thread(jobs.ask_for, settings, question.kind, question.id, question.arguments)
    except NotAllowedNow:
        if await job_of(app, question.kind, question.id) is None:
            raise  # too many wait
    return await _done(app, question, time.monotonic() + within_s)


async def job_of(app: web.Application, kind: str, name: str) -> jobs.JobState | None:
    """Where a job stands; None if it is not known."""
    return await asyncio.to_thread(jobs.job, app[SETTINGS].common, kind, name)


async def result_of(app: web.Application, kind: str, job: jobs.JobState) -> jobs.Json | None:
    """What a job gave; None while it is under way. Raises why it failed: NotFound, InvalidRequest, Problem."""
    if job.under_way:
        return None
    if job.state is jobs.State.DONE and job.result is not None:
        return job.result
    await asyncio.to_thread(jobs.withdraw, app[SETTINGS].common, kind, job.name)
    raise _failed(job)


async def is_served(app: web.Application, kind: str) -> bool:
    """Whether a process `replay serve` does this kind."""
    return await redis_answers(app) and await asyncio.to_thread(jobs.is_served, app[SETTINGS].common, kind)


async def redis_answers(app: web.Application) -> bool:
    """Asked as pages ask: the queue itself would wait longer for a Redis that hangs."""
    if REDIS not in app:
        return False
    try:
        await app[REDIS].ping()
    except (redis.RedisError, OSError):
        return False
    return True


async def _done(app: web.Application, question: Question, until: float) -> jobs.JobState:
    while True:
        job = await job_of(app, question.kind, question.id)
        if job is None:
            raise Problem(503, "It was taken out of the queue. Ask again.")
        if not job.under_way or time.monotonic() >= until:
            return job
        await asyncio.sleep(_LOOK_EVERY_S)


def _failed(job: jobs.JobState) -> Exception:
    if job.error in _NOT_FOUND:
        return NotFound(job.said)
    if job.error == InvalidRequest.__name__:
        return InvalidRequest(job.said)
    return Problem(503, f"It was not computed: {job.said or 'no reason was given'}.")


#: By their names, as a job says them.
_NOT_FOUND = ("NotFound", "NoSession", "SessionError")
