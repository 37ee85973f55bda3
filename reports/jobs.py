"""Reports as rq jobs: one job for each week, with an id that every reporter gives it.

The reporter works its own queue off, in a thread; `rq worker signaltape-reports --serializer json`, run from the
checkout, may do it as well. A job that was lost with its reporter is put in again.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from rq import Queue, SimpleWorker
from rq.exceptions import DuplicateJobError, NoSuchJobError
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

log = logging.getLogger("reports")

QUEUE = "signaltape-reports"
#: Longer than building a report ever took; then it is stopped.
JOB_TIMEOUT_S = 600
#: A job that was begun this long ago and has not ended was lost with its reporter. Building it twice is harmless.
LOST_AFTER = timedelta(seconds=60)
_KEEP_RESULT_S = int(timedelta(days=7).total_seconds())
_SOCKET_TIMEOUT_S = 10.0


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


def job_id(week: Week) -> str:
    """The id of a week's job: the same in every reporter."""
    return f"weekly-scorecard-{week.name}"


def client(url: Secret) -> Any:
    """A connection for rq. Raises nothing until it is used."""
    return redis_client(url, socket_timeout=_SOCKET_TIMEOUT_S, socket_connect_timeout=_SOCKET_TIMEOUT_S)


def ensure(connection: Any, week: Week) -> bool:
    """Put the job of a week into the queue, unless it waits there or somebody works on it. Raises RedisError."""
    queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer)
    for _ in range(2):
        try:
            queue.enqueue(
                build_report,
                week.name,
                job_id=job_id(week),
                unique=True,
                job_timeout=JOB_TIMEOUT_S,
                result_ttl=_KEEP_RESULT_S,
                failure_ttl=_KEEP_RESULT_S,
                description=f"Weekly Scorecard {week.name}",
            )
        except DuplicateJobError:
            job = _fetch(connection, week)
            if job is None:
                continue
            if _is_underway(queue, job):
                return False
            job.delete()
        else:
            return True
    return False


def work_off(connection: Any, week: Week) -> None:
    """Do what waits in the queue. Raises JobFailed if the job of this week ended without a report."""
    worker = _Here([Queue(QUEUE, connection=connection, serializer=JSONSerializer)], connection=connection)
    worker.work(burst=True, logging_level="WARNING")
    job = _fetch(connection, week)
    if job is not None and job.get_status() is JobStatus.FAILED:
        result = job.latest_result()
        lines = str(result.exc_string if result else "").strip().splitlines()
        raise JobFailed(lines[-1] if lines else "no reason was given")


class _Here(SimpleWorker):
    """A worker in a thread of the reporter: it leaves signals alone, and runs nothing but reports."""

    death_penalty_class = TimerDeathPenalty

    def __init__(self, queues: list[Queue], connection: Any) -> None:
        super().__init__(queues, connection=connection, serializer=JSONSerializer)

    def _install_signal_handlers(self) -> None:
        """Signals belong to the reporter's main thread."""

    def subscribe(self) -> None:
        """Nobody commands it; the thread that would listen outlives it when Redis goes."""

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """The next job, None if there is none. Raises RedisError where rq would wait for Redis without end."""
        found = Queue.dequeue_any(
            self.queues, None, connection=self.connection, job_class=Job, serializer=self.serializer
        )
        self.heartbeat()
        return found

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run a job; one that names another function was not put in by a reporter, and is dropped."""
        if job.func_name != f"{__name__}.{build_report.__name__}":
            log.error("job %s in queue %s names another function; it is dropped", job.id, QUEUE)
            job.delete()
            return
        super().execute_job(job, queue)


def _fetch(connection: Any, week: Week) -> Job | None:
    try:
        return Job.fetch(job_id(week), connection=connection, serializer=JSONSerializer)
    except NoSuchJobError:
        return None


def _is_underway(queue: Queue, job: Job) -> bool:
    status = job.get_status()
    if status is JobStatus.QUEUED:
        return job.id in queue.job_ids
    if status is JobStatus.STARTED:
        begun = job.last_heartbeat or job.started_at
        # one that lies ahead was written by a clock that was wrong, and says nothing
        return begun is not None and abs(utc_now() - begun) < LOST_AFTER
    return False
