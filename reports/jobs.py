"""Reports as rq jobs: one job for each week, with an id that every reporter of one installation gives it.

The reporter works its own queue off, in a thread; `rq worker signaltape-reports --serializer json --job-class
reports.jobs.ReportJob`, run from the checkout, may do it as well. Queue and ids begin with the stream's name:
installations may share a Redis. A job that was lost with its reporter is put in again.
"""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import Any

import redis
from rq import Queue, SimpleWorker
from rq.exceptions import DeserializationError, DuplicateJobError, NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.timeouts import TimerDeathPenalty

from reports.building import build
from reports.weeks import Week, parse_week
from signaltape.clock import utc_now
from signaltape.plain_errors import one_line
from signaltape.redis_client import redis_client
from signaltape.settings import Secret, Settings
from sink.db import DatabaseError
from sink.own_job import OwnJob, forget

log = logging.getLogger("reports")
logging.getLogger("rq.worker").setLevel(logging.WARNING)

#: Longer than building a report ever took; then it is stopped.
JOB_TIMEOUT_S = 600
#: A job that was begun this long ago and has not ended was lost with its reporter. Building it twice is harmless.
LOST_AFTER = timedelta(seconds=60)
_KEEP_RESULT_S = int(timedelta(days=7).total_seconds())
#: How long an rq worker may be silent. It derives from this how long it waits for Redis: 11 s, which is why …
_WORKER_TTL_S = 15
#: … a connection waits as long from the first: rq would else set it.
_SOCKET_TIMEOUT_S = 11.0
#: What an id of rq must not hold; and the underline, which begins and ends what stands in its place.
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9-]")


class JobFailed(Exception):
    """A report could not be built; the message says why, in one line."""


def build_report(week_name: str) -> bool:
    """The job itself. Reads the environment of the process that works the queue.

    Raises JobFailed: rq stores the traceback in Redis, where what a database says must not stand as it is.
    """
    try:
        return build(Settings.from_env(), parse_week(week_name), utc_now())
    except DatabaseError as error:
        raise JobFailed(f"Postgres: {one_line(error)}") from None


class ReportJob(OwnJob):
    """A job that builds a report, and does nothing else."""

    own_function = f"{__name__}.{build_report.__name__}"


def queue_name(stream: str) -> str:
    """The queue of an installation. stream: SIGNALTAPE_STREAM."""
    return f"{_in_ids(stream)}-reports"


def job_id(stream: str, week: Week) -> str:
    """The id of a week's job: the same in every reporter of an installation, and in no other one."""
    return f"{_in_ids(stream)}-weekly-scorecard-{week.name}"


def client(url: Secret) -> Any:
    """A connection for rq. Raises nothing until it is used."""
    return redis_client(url, socket_timeout=_SOCKET_TIMEOUT_S, socket_connect_timeout=_SOCKET_TIMEOUT_S)


class WeeklyJobs:
    """The jobs of one installation. Every method raises RedisError where Redis is away.

    connection: as `client` makes it; stream: SIGNALTAPE_STREAM.
    """

    def __init__(self, connection: Any, stream: str) -> None:
        self._connection = connection
        self._stream = stream
        self._queue = Queue(
            queue_name(stream),
            connection=connection,
            serializer=JSONSerializer,
            job_class=ReportJob,
            death_penalty_class=TimerDeathPenalty,
        )

    def ensure(self, week: Week) -> bool:
        """Put the job of a week into the queue, unless it waits there or somebody works on it."""
        for _ in range(2):
            try:
                self._put_in(week)
            except DuplicateJobError:
                job = self._fetch(week)
                if job is None:  # it ended meanwhile, or its remains are no job: nobody could ever do it
                    self._connection.delete(Job.key_for(job_id(self._stream, week)))
                    continue
                if _is_underway(self._queue, job):
                    return False
                job.delete()
            else:
                return True
        return False

    def work_off(self, week: Week) -> None:
        """Do what waits in the queue. Raises JobFailed if the job of this week ended without a report."""
        self._do_all()
        job = self._fetch(week)
        if job is not None and job.get_status(refresh=False) is JobStatus.FAILED:
            raise JobFailed(_why(job))

    def in_vain(self, week: Week) -> str | None:
        """How the job of a week that is missing has ended, as in a worker with other settings. None if it has not."""
        job = self._fetch(week)
        status = None if job is None else job.get_status(refresh=False)
        if job is not None and status is JobStatus.FAILED:
            return _why(job)
        return "nothing was to be sent there" if status is JobStatus.FINISHED else None

    def _put_in(self, week: Week) -> None:
        self._queue.enqueue(
            build_report,
            week.name,
            job_id=job_id(self._stream, week),
            unique=True,
            job_timeout=JOB_TIMEOUT_S,
            result_ttl=_KEEP_RESULT_S,
            failure_ttl=_KEEP_RESULT_S,
            description=f"Weekly Scorecard {week.name}",
        )

    def _do_all(self) -> None:
        """What rq's `work(burst=True)` does, without what a thread must not have or would hang in.

        That is handlers of signals, which belong to the main thread; a thread that listens for commands, which outlives
        this one when Redis goes; and waiting without end for a Redis that went.
        """
        worker = _Here([self._queue], connection=self._connection)
        worker.register_birth()  # type: ignore[no-untyped-call]
        try:
            worker.clean_registries()  # type: ignore[no-untyped-call]
            while (job := self._take()) is not None:
                self._do(worker, job)
        finally:
            worker.register_death()  # type: ignore[no-untyped-call]

    def _take(self) -> Job | None:
        """The next job; what cannot be read is dropped: it would hold up the week's own, now and at each cleaning."""
        while True:
            try:
                return self._next()
            except (redis.ConnectionError, redis.TimeoutError):
                raise
            except Exception as error:
                job_id = getattr(error, "job_id", None)  # said by rq, where it was taken out of the queue
                if job_id is None:
                    raise
                log.error("job %s cannot be read; it is dropped: %s", job_id, one_line(error))
                self._queue.intermediate_queue.remove(job_id)
                self._connection.delete(Job.key_for(job_id))

    def _next(self) -> Job | None:
        found = Queue.dequeue_any(
            [self._queue], None, connection=self._connection, job_class=ReportJob, serializer=JSONSerializer
        )
        return found[0] if found else None

    def _do(self, worker: SimpleWorker, job: Job) -> None:
        """Run a job; one that names another function was not put in by a reporter, and is dropped."""
        if _is_report(job):
            worker.execute_job(job, self._queue)
            return
        log.error("job %s in queue %s is no report; it is dropped", job.id, self._queue.name)
        forget(job)

    def _fetch(self, week: Week) -> Job | None:
        try:
            return ReportJob.fetch(
                job_id(self._stream, week), connection=self._connection, serializer=JSONSerializer
            )
        except NoSuchJobError:
            return None


class _Here(SimpleWorker):
    """A worker that stops what takes too long by a thread: signals are for the main thread alone."""

    death_penalty_class = TimerDeathPenalty

    def __init__(self, queues: list[Queue], connection: Any) -> None:
        super().__init__(
            queues,
            connection=connection,
            serializer=JSONSerializer,
            job_class=ReportJob,
            worker_ttl=_WORKER_TTL_S,
        )


def _in_ids(stream: str) -> str:
    """A stream's name as rq takes it: no two names become one."""
    return _NOT_IN_IDS.sub(lambda found: f"_{ord(found[0]):x}_", stream)


def _why(job: Job) -> str:
    """Why a job failed, in one line."""
    result = job.latest_result()
    lines = str(result.exc_string if result else "").strip().splitlines()
    return lines[-1] if lines else "no reason was given"


def _is_report(job: Job) -> bool:
    try:
        return isinstance(job, ReportJob) and job.is_own
    except DeserializationError:
        return False


def _is_underway(queue: Queue, job: Job) -> bool:
    status = job.get_status(refresh=False)  # as it was fetched: it may have been deleted meanwhile
    if status is JobStatus.QUEUED:
        return job.id in queue.job_ids
    if status is JobStatus.STARTED:
        begun = job.last_heartbeat or job.started_at
        # one that lies ahead was written by a clock that was wrong, and says nothing
        return begun is not None and abs(utc_now() - begun) < LOST_AFTER
    return False
