"""The queues of an installation in rq: jobs are put in, looked at, taken and withdrawn.

Queues and ids begin with the stream's name: installations may share a Redis. An id names one piece of work, and there
is one job of it at a time. A job whose process says nothing any more is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from msgspec import Struct
from rq import Queue
from rq.exceptions import DuplicateJobError, NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.timeouts import TimerDeathPenalty
from rq.utils import utcformat

from replay.jobs.kinds import KINDS, Json
from replay.jobs.work import work
from signaltape.clock import utc_now
from signaltape.errors import NotAllowedNow
from signaltape.redis_client import redis_client, redis_url
from signaltape.settings import Settings
from sink.own_job import OwnJob

#: The process of a job that runs says so every few seconds; after this time without a word it is lost.
LOST_AFTER = timedelta(seconds=60)
#: rq waits so long for Redis, and sets it for a connection that does not.
_SOCKET_TIMEOUT_S = 11.0
_WAIT_S: ContextVar[float] = ContextVar("wait_s", default=_SOCKET_TIMEOUT_S)
#: So many jobs of a kind may wait.
_MOST_WAITING = 50
#: What an id of rq must not hold; and the underline, which begins and ends what stands in its place.
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9-]")


class State(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class JobState(Struct, frozen=True):
    """A job. what, done: how far it is; said: why it failed, in one line; error: the kind of error, by its name."""

    name: str
    state: State
    arguments: Json
    asked_at: datetime
    what: str = ""
    done: int = 0
    said: str = ""
    error: str = ""
    result: Json | None = None

    @property
    def under_way(self) -> bool:
        """Whether it is still to be done."""
        return self.state in (State.WAITING, State.RUNNING)


class ReplayJob(OwnJob):
    """A job that was put in here: work of one of our kinds, and nothing else."""

    own_function = f"{work.__module__}.{work.__name__}"


class Jobs:
    """The jobs of one kind. Every method raises RedisError where Redis is away."""

    def __init__(self, connection: Any, stream: str, kind: str) -> None:
        self._connection = connection
        self._kind = kind
        self.queue = Queue(
            f"{_in_ids(stream)}-replays-{kind}",
            connection=connection,
            serializer=JSONSerializer,
            job_class=ReplayJob,
            death_penalty_class=TimerDeathPenalty,
        )

    def put_in(self, name: str, arguments: Json) -> None:
        """Ask for a piece of work. Raises NotAllowedNow if it is under way, or too many wait.

        Who puts in the same name must do it one after the other.
        """
        known = self.state(name)
        if known is not None and known.under_way:
            raise NotAllowedNow(f"{name} is {known.state} already")
        if self.queue.count >= _MOST_WAITING:
            raise NotAllowedNow(f"{_MOST_WAITING} wait already: let some of them be done first")
        if known is not None or not self._is_ours_or_none(name):
            self.withdraw(name)
        kept_s = int(KINDS[self._kind].kept.total_seconds())
        try:
            self.queue.enqueue(
                work,
                self._kind,
                arguments,
                job_id=self._id(name),
                meta={"name": name},
                unique=True,
                job_timeout=-1,
                result_ttl=kept_s,
                failure_ttl=kept_s,
                description=f"{self._kind} {name}",
            )
        except DuplicateJobError:
            raise NotAllowedNow(f"{name} was asked for at this very moment") from None

    def state(self, name: str) -> JobState | None:
        """Where the job of this name stands; None if none is known."""
        job = self._fetch(name)
        return None if job is None else self._state_of(job)

    def all(self) -> list[JobState]:
        """All that are known, in no order."""
        registries = (
            self.queue.started_job_registry,
            self.queue.failed_job_registry,
            self.queue.finished_job_registry,
        )
        ids = [*waiting_ids(self.queue), *(one for registry in registries for one in registry.get_job_ids())]
        return [state for job in self._read(ids) if (state := self._state_of(job)) is not None]

    def withdraw(self, name: str) -> None:
        """Forget a job: one that waits is not done any more."""
        job = self._fetch(name)
        if job is not None and is_ours(job):
            job.delete()
        else:  # what is left of one, if anything is: nobody could do it, nor ask for it again
            self._connection.delete(Job.key_for(self._id(name)))

    def touch_waiting(self) -> None:
        """Say of all that wait that they were heard of: else one would look lost at the moment when it is taken."""
        with self._connection.pipeline() as pipe:
            ids = waiting_ids(self.queue)
            for one in ids:
                pipe.hset(Job.key_for(one), "last_heartbeat", utcformat(utc_now()))
            answers = pipe.execute(raise_on_error=False)  # a key that is no job's is found when it is taken
        made = [one for one, answer in zip(ids, answers, strict=True) if answer == 1]
        if made:  # they were withdrawn at this very moment: each job has that field
            self._connection.delete(*map(Job.key_for, made))

    def _state_of(self, job: Job) -> JobState | None:
        if not is_ours(job):
            return None
        meta, (_, arguments) = job.get_meta(refresh=False), job.args
        state = self._standing(job)
        result = job.latest_result() if state is State.DONE else None
        lost = "its process has ended" if state is State.FAILED else ""
        return JobState(
            name=meta["name"],
            state=state,
            arguments=arguments,
            asked_at=job.enqueued_at or utc_now(),
            what=meta.get("what", ""),
            done=meta.get("done", 0),
            said=meta.get("said", lost),
            error=meta.get("error", ""),
            result=result.return_value if result else None,
        )

    def _is_ours_or_none(self, name: str) -> bool:
        """Not so: what is left of a job, which nobody could do."""
        job = self._fetch(name)
        return not self._connection.exists(Job.key_for(self._id(name))) if job is None else is_ours(job)

    def _standing(self, job: Job) -> State:
        status = job.get_status(refresh=False)
        if status is JobStatus.FINISHED:
            return State.DONE
        if status is JobStatus.QUEUED and job.id in waiting_ids(self.queue):
            return State.WAITING
        heard = job.last_heartbeat or job.enqueued_at
        fresh = heard is not None and abs(utc_now() - heard) < LOST_AFTER
        alive = status in (JobStatus.QUEUED, JobStatus.STARTED)  # queued, and in no queue: just taken
        return State.RUNNING if fresh and alive else State.FAILED

    def _read(self, ids: Iterable[str]) -> Iterator[Job]:
        """Those that are there. What cannot be read hides no other one: rq's `fetch_many` would give none at all."""
        known = list(dict.fromkeys(ids))
        with self._connection.pipeline(transaction=False) as pipe:
            for one in known:
                pipe.hgetall(Job.key_for(one))
            answers = pipe.execute(raise_on_error=False)
        for one, answer in zip(known, answers, strict=True):
            if (job := self._restored(one, answer)) is not None:
                yield job

    def _restored(self, job_id: str, answer: Any) -> Job | None:
        with suppress(NoSuchJobError):  # also for what cannot be read
            job = ReplayJob(job_id, connection=self._connection, serializer=JSONSerializer)
            job.restore(answer)
            return job
        return None

    def _fetch(self, name: str) -> Job | None:
        try:
            return ReplayJob.fetch(self._id(name), connection=self._connection, serializer=JSONSerializer)
        except NoSuchJobError:
            return None

    def _id(self, name: str) -> str:
        return f"{self.queue.name}-{_in_ids(name)}"


@contextmanager
def opened(settings: Settings, kind: str) -> Iterator[Jobs]:
    """The jobs of a kind, on a connection of their own. Raises SettingsError if REDIS_URL is not set."""
    connection = client(settings)
    try:
        yield Jobs(connection, settings.stream, kind)
    finally:
        connection.close()


def client(settings: Settings) -> Any:
    """A connection for rq. Raises nothing of Redis until it is used; SettingsError if REDIS_URL is not set."""
    wait_s = _WAIT_S.get()
    return redis_client(redis_url(settings), socket_timeout=wait_s, socket_connect_timeout=wait_s)


@contextmanager
def impatient(wait_s: float) -> Iterator[None]:
    """Within this, clients that are made wait for an answer of Redis no longer than so many seconds."""
    given = _WAIT_S.set(wait_s)
    try:
        yield
    finally:
        _WAIT_S.reset(given)


class Taken(NamedTuple):
    """The id of a job that stands in no queue any more, and the queue that it stood in."""

    queue: Queue
    job_id: str

    def give_back(self) -> None:
        """Let it wait again, before all others, unless it does so. Raises RedisError."""
        if self.job_id not in waiting_ids(self.queue):
            self.queue.push_job_id(self.job_id, at_front=True)


def take(queues: Sequence[Queue], connection: Any, within_s: int) -> Taken | None:
    """The next job of these queues, None if none comes within so many seconds. Raises RedisError.

    It is asked for nothing but its id: from then on nobody but the caller knows of it.
    """
    found = connection.blpop([one.key for one in queues], within_s)
    if found is None:
        return None
    key, job_id = map(_text, found)
    return Taken(next(one for one in queues if one.key == key), job_id)


def waiting_ids(queue: Queue) -> list[str]:
    """As `job_ids` of rq, which raises again and again once an id is no text."""
    return [_text(one) for one in queue.connection.lrange(queue.key, 0, -1)]


def is_ours(job: Job) -> bool:
    """Whether a job was put in here. One that names another function must not be done."""
    try:
        named = isinstance(job.get_meta(refresh=False)["name"], str)
        return (
            named
            and isinstance(job, ReplayJob)
            and job.is_own
            and len(job.args) == 2
            and job.args[0] in KINDS
        )
    except Exception:  # noqa: BLE001 - whatever cannot be read is none
        return False


def _text(raw: bytes | str) -> str:
    """An id; what is no text is the id of no job."""
    return raw if isinstance(raw, str) else raw.decode(errors="replace")


def _in_ids(name: str) -> str:
    """A name as rq takes it: no two names become one."""
    return _NOT_IN_IDS.sub(lambda found: f"_{ord(found[0]):x}_", name)
