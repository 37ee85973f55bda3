"""What if as a job of `python -m replay serve`, where that runs; else in this process, one at a time and bounded."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec
from aiohttp import web

from replay.operations import jobs
from reports.operations.compared import Answered, answered
from reports.operations.shown import Week
from signaltape.errors import NotFound
from web import queued
from web.api.upkeep_shapes import WhatIfUnderWay
from web.shared import SETTINGS, WHATIFS

KIND = "whatif"
#: Whoever asks waits so long for the answer itself.
_SOON_S = 5.0
_NOT_KNOWN = "No such what-if is known: it ended some minutes ago, or was not asked for. Ask again."


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


class Found(NamedTuple):
    """A job's answer, and what was asked."""

    answer: Answered
    asked: jobs.Json


async def compare(app: web.Application, wanted: Wanted) -> Answered | WhatIfUnderWay:
    """The answer, if it is there within seconds; else how far it is. Raises NotFound, Problem."""
    if not await queued.is_served(app, KIND):
        settings = app[SETTINGS].reading
        return answered(await app[WHATIFS].compare(settings, wanted.newest, wanted.weights, wanted.weeks))
    question = queued.Question(KIND, wanted.arguments)
    found = await _told(app, await queued.asked_for(app, question, _SOON_S))
    return found.answer if isinstance(found, Found) else found


async def look(app: web.Application, name: str) -> Found | WhatIfUnderWay:
    """The answer to what was asked before, or how far it is. Raises NotFound, Problem."""
    job = await queued.job_of(app, KIND, name) if await queued.redis_answers(app) else None
    if job is None:
        raise NotFound(_NOT_KNOWN)
    found = await _told(app, job)
    if isinstance(found, WhatIfUnderWay) and not await queued.is_served(app, KIND):
        return msgspec.structs.replace(found, message=queued.NOBODY)
    return found


async def _told(app: web.Application, job: jobs.JobState) -> Found | WhatIfUnderWay:
    result = await queued.result_of(app, KIND, job)
    if result is None:
        return WhatIfUnderWay(job.name, job.state.value, job.done, f"/api/whatif/{job.name}")
    return Found(msgspec.convert(result, Answered), job.arguments)
