"""The process `python -m replay serve`: takes jobs out of the queues, and gives each a process of its own.

Kinds do not wait for each other: each has places of its own. A job whose process dies is told as failed; what is
running when this process is stopped is stopped cleanly.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import redis
from rq import Queue, SimpleWorker
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from replay.jobs.kinds import KINDS
from replay.jobs.queues import Jobs, ReplayJob, Taken, client, is_ours, take, waiting_ids
from signaltape.clock import utc_now
from signaltape.plain_errors import one_line
from signaltape.settings import Settings
from sink.own_job import forget

log = logging.getLogger("replay")
logging.getLogger("rq").setLevel(logging.CRITICAL)

#: Within this time jobs end that were asked to; then they are ended.
STOP_WITHIN_S = 25.0
#: Redis is asked for jobs so long at a time: as long as it may take until a stop is seen.
_ASK_S = 1
_AGAIN_S = 1.0
#: This process is believed to live so long after its last word.
_TTL_S = 15
_BEAT_S = 5.0


class Child:
    """The process of a job."""

    def __init__(self, kind: str, job: Job) -> None:
        self.kind = kind
        self.job = job
        self.process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "replay.jobs.child", kind, job.id, str(os.getpid())],
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us: we tell it to stop
        )

    def stop(self, within_s: float) -> None:
        """Wait for its end; past the time it is ended."""
        try:
            self.process.wait(max(0.0, within_s))
        except subprocess.TimeoutExpired:
            log.warning("%s did not stop in time: it is ended", self.job.description)
            self.process.kill()
            self.process.wait()


class Serving:
    """Does the jobs of one installation. connection: as `client` makes it."""

    def __init__(self, connection: Any, stream: str) -> None:
        self._connection = connection
        self._kinds = {kind: Jobs(connection, stream, kind) for kind in KINDS}
        self._children: list[Child] = []
        self._in_hand: Taken | None = None
        self._beaten_at = float("-inf")
        self._worker: SimpleWorker | None = None

    def round(self) -> None:
        """See to what has ended, and take a job if there is one and a place for it. Raises RedisError."""
        self._beat()
        self._reap()
        free = [jobs.queue for kind, jobs in self._kinds.items() if self._busy(kind) < KINDS[kind].at_once]
        if self._in_hand is None and free:
            self._in_hand = take(free, self._connection, _ASK_S)
        elif not free:
            time.sleep(_ASK_S)  # all places are taken: processes that end are seen in the next round
        if self._in_hand is not None:
            self._begin(self._in_hand)
            self._in_hand = None  # not before: whatever fails, it is begun in the next round

    def stop(self) -> int:
        """Stop all that is running, cleanly; how many there were."""
        until = time.monotonic() + STOP_WITHIN_S
        for child in self._children:
            child.process.terminate()
        for child in self._children:
            child.stop(until - time.monotonic())
        stopped = len(self._children)
        with suppress(redis.RedisError):
            if self._in_hand is not None:
                self._in_hand.give_back()
            self._reap()
            if self._worker is not None:
                self._worker.register_death()  # type: ignore[no-untyped-call]
        return stopped

    def _busy(self, kind: str) -> int:
        return sum(child.kind == kind for child in self._children)

    def _begin(self, taken: Taken) -> None:
        if taken.job_id in waiting_ids(taken.queue):
            return  # asked for anew since it was taken: it has its turn
        try:
            job = ReplayJob.fetch(taken.job_id, connection=self._connection, serializer=JSONSerializer)
        except NoSuchJobError:
            return  # withdrawn meanwhile
        except (redis.ConnectionError, redis.TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001 - it would end us, again and again
            log.error("job %s cannot be read; it is dropped: %s", taken.job_id, one_line(error))
            return
        if not is_ours(job):
            log.error("job %s is none of ours; it is dropped", job.id)
            forget(job)
            return
        job.heartbeat(utc_now(), _TTL_S)  # it is in no queue any more, and its process has not begun
        if not self._connection.hexists(job.key, "data"):
            self._connection.delete(job.key)  # it was withdrawn at this very moment
            return
        log.info("begun: %s", job.description)
        self._children.append(Child(str(job.args[0]), job))

    def _reap(self) -> None:
        ended = [child for child in self._children if child.process.poll() is not None]
        for child in ended:
            if child.process.returncode != 0:
                self._tell_failed(child)  # a Redis that is away is told in the next round
            self._children.remove(child)

    def _tell_failed(self, child: Child) -> None:
        """Its process ended without a word."""
        job, code = child.job, child.process.returncode
        said = (
            "stopped before it began" if code == -signal.SIGTERM else f"its process ended: exit code {code}"
        )
        log.error("%s: %s", job.description, said)
        try:
            job.refresh()  # type: ignore[no-untyped-call]
        except NoSuchJobError:
            return  # Redis has forgotten it: there is nobody to be told
        if job.get_status(refresh=False) not in (JobStatus.QUEUED, JobStatus.STARTED):
            return
        job.meta["said"] = said
        job.save_meta()  # type: ignore[no-untyped-call]
        jobs = self._kinds[child.kind]
        self._known().handle_job_failure(job, jobs.queue, exc_string=said)

    def _beat(self) -> None:
        """Say that somebody works the queues."""
        if time.monotonic() - self._beaten_at < _BEAT_S:
            return
        worker = self._known()
        if not self._connection.exists(worker.key):  # we have just begun, or Redis has forgotten it
            worker.register_birth()  # type: ignore[no-untyped-call]
        worker.heartbeat(_TTL_S)
        for jobs in self._kinds.values():
            jobs.touch_waiting()
        self._beaten_at = time.monotonic()

    def _known(self) -> SimpleWorker:
        """We, as rq knows us. It asks Redis when it is made."""
        if self._worker is None:
            queues = [one.queue for one in self._kinds.values()]
            self._worker = SimpleWorker(
                queues,
                connection=self._connection,
                serializer=JSONSerializer,
                job_class=ReplayJob,
                worker_ttl=_TTL_S,
            )
        return self._worker


def serve(settings: Settings, stop: threading.Event) -> int:
    """Do jobs until `stop` is set; how many were stopped then."""
    with (
        closing(client(settings)) as connection,
        _stopped_at_the_end(Serving(connection, settings.stream)) as serving,
    ):
        away = False
        while not stop.is_set():
            try:
                serving.round()
                away = False
            except (redis.RedisError, OSError) as error:
                if not away:
                    log.warning("no jobs can be taken: %s", one_line(error))
                away = True
                stop.wait(_AGAIN_S)
        return serving.stop()


@contextmanager
def _stopped_at_the_end(serving: Serving) -> Iterator[Serving]:
    """Whatever ends it, no job goes on by itself."""
    try:
        yield serving
    except BaseException:
        serving.stop()
        raise


def is_served(queue: Queue) -> bool:
    """Whether somebody works a queue. Raises RedisError."""
    connection = queue.connection
    keys = SimpleWorker.all_keys(connection=connection, queue=queue)
    return any(SimpleWorker.find_by_key(key, connection, serializer=JSONSerializer) for key in keys)
