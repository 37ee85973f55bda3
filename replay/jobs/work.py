"""What a job does, in its process: calls the function of its kind, tells how far it is, and says why it failed."""

from __future__ import annotations

import logging
import time
from contextlib import suppress

import redis
from rq import get_current_job
from rq.job import Job

from replay.jobs.kinds import KINDS, Json
from signaltape.errors import SignaltapeError
from signaltape.settings import Settings
from signaltape.stopping import stop_on_signals

log = logging.getLogger("replay")
_TELL_EVERY_S = 0.3


class JobFailed(Exception):
    """A job failed; the message says why, in one line: rq stores it in Redis, as it stands."""


def work(kind: str, arguments: Json) -> Json:
    """Do a job. Reads the environment of its process; SIGTERM ends it cleanly. Raises JobFailed."""
    stop = stop_on_signals()
    job = get_current_job()
    assert job is not None
    try:
        return KINDS[kind].load()(Settings.from_env(), arguments, _Telling(job), stop)
    except SignaltapeError as error:
        log.warning("%s: %s", job.description, error)
        raise _failed(job, type(error).__name__, str(error)) from None
    except Exception:
        log.exception("%s failed", job.description)
        raise _failed(
            job, "", "something went wrong; it stands in the log of python -m replay serve"
        ) from None


class _Telling:
    """Writes into the job how far it is, now and then. A Redis that is away ends no work."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._told_at = float("-inf")
        self._what = ""

    def __call__(self, what: str, done: int) -> None:
        now = time.monotonic()
        if what == self._what and now - self._told_at < _TELL_EVERY_S:
            return
        self._what, self._told_at = what, now
        self._job.meta.update(what=what, done=done)
        with suppress(redis.RedisError):
            self._job.save_meta()  # type: ignore[no-untyped-call]


def _failed(job: Job, error: str, said: str) -> JobFailed:
    job.meta.update(error=error, said=said)
    with suppress(redis.RedisError):
        job.save_meta()  # type: ignore[no-untyped-call]
    return JobFailed(said)
