"""`python -m replay.jobs.child KIND NAME PARENT`: the process of one job; it ends with the job, or with its parent."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from rq import SimpleWorker
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import TimerDeathPenalty

from replay.jobs.queues import Jobs, ReplayJob, client
from signaltape.commands.command import begin_command
from signaltape.control import present
from signaltape.plain_errors import one_line
from signaltape.settings import Settings

#: So often it says that it is alive, and looks whether who started it is.
_BEAT_S = 5.0
log = logging.getLogger("replay")
#: What it has to say of a job is said here.
logging.getLogger("rq").setLevel(logging.CRITICAL)


class Worker(SimpleWorker):
    """Does one job here, in the main thread."""

    death_penalty_class = TimerDeathPenalty


def main(kind: str, job_id: str, parent: int) -> None:
    """Do the job. parent: the process that started it, which may have ended already."""
    begin_command()
    settings = Settings.from_env()
    with closing(client(settings)) as connection:
        queue = Jobs(connection, settings.stream, kind).queue
        try:
            job = ReplayJob.fetch(job_id, connection=connection, serializer=JSONSerializer)
        except NoSuchJobError:
            return  # withdrawn meanwhile
        worker = Worker([queue], connection=connection, serializer=JSONSerializer, job_class=ReplayJob)
        with present(settings, "replay-job"), _beating(worker, job, parent):
            worker.execute_job(job, queue)


@contextmanager
def _beating(worker: Worker, job: Job, parent: int) -> Iterator[None]:
    ended = threading.Event()
    beating = threading.Thread(target=_beat, args=(worker, job, ended, parent), daemon=True)
    beating.start()
    try:
        yield
    finally:
        ended.set()
        beating.join()


def _beat(worker: Worker, job: Job, ended: threading.Event, parent: int) -> None:
    while not ended.wait(_BEAT_S):
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
        try:
            if worker.execution is not None:
                worker.maintain_heartbeats(job)
        except Exception as error:  # noqa: BLE001 - away, or it has forgotten us: the parent is still looked at
            log.warning("Redis is not told that a job lives: %s", one_line(error) or type(error).__name__)


def _run(arguments: list[str]) -> Any:
    kind, job_id, parent = arguments
    main(kind, job_id, int(parent))


if __name__ == "__main__":
    _run(sys.argv[1:])
