"""Who may write to rq's keys has no function called that is not ours, and nobody asked: rq by itself would do both."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from rq import Callback, Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import TimerDeathPenalty
from rq.webhook import Webhook

from replay.jobs.queues import Jobs
from reports.jobs import JobFailed, ReportJob, WeeklyJobs, queue_name
from reports.weeks import parse_week
from signaltape import Settings
from sink.own_job import OwnJob

WEEK = parse_week("2022-W03")
LONG_AGO = 1.0
called: list[str] = []


def ours(*, fail: bool = False) -> str:
    """What is put in."""
    if fail:
        raise ValueError("as it was told to")
    return "done"


def theirs(*_: object, **__: object) -> None:
    """What nobody here has put in."""
    called.append("theirs")


class Ours(OwnJob):
    """Calls one function of this file."""

    own_function = f"{__name__}.ours"


class Worker(SimpleWorker):
    """Has no signals of its own."""

    death_penalty_class = TimerDeathPenalty


@pytest.fixture(autouse=True)
def none_called() -> Iterator[None]:
    called.clear()
    yield
    called.clear()


def queue_of(client: Any, name: str, job_class: type[Job] = Job) -> Queue:
    return Queue(
        name,
        connection=client,
        serializer=JSONSerializer,
        job_class=job_class,
        death_penalty_class=TimerDeathPenalty,
    )


def worked_off(client: Any, name: str, job_class: type[Job]) -> list[str]:
    """Do all that waits in a queue, as this class reads it; what was called that is theirs."""
    queue = queue_of(client, name, job_class)
    worker = Worker([queue], connection=client, serializer=JSONSerializer, job_class=job_class)
    for job_id in queue.job_ids:
        worker.execute_job(job_class.fetch(job_id, connection=client, serializer=JSONSerializer), queue)
    return list(called)


def abandoned(client: Any, name: str, function: str, *args: Any) -> None:
    """Lay a job that was begun long ago, and never ended, into a queue's registry: with a callback of theirs."""
    queue = queue_of(client, name)
    job = queue.enqueue(function, *args, on_failure=Callback(f"{__name__}.theirs"), meta={"name": "one"})
    queue.remove(job.id)
    client.zadd(queue.started_job_registry.key, {f"{job.id}:1": LONG_AGO})


@pytest.mark.parametrize(("job_class", "heard"), [(Job, ["theirs"]), (Ours, [])], ids=["rq", "ours"])
@pytest.mark.parametrize("fail", [False, True], ids=["done", "failed"])
def test_no_callback_is_called(
    redis_client: Any, settings: Settings, job_class: type[Job], heard: list[str], *, fail: bool
) -> None:
    back = Callback(f"{__name__}.theirs")
    plain = queue_of(redis_client, settings.stream)
    job = plain.enqueue(f"{__name__}.ours", fail=fail, on_success=back, on_failure=back)
    assert worked_off(redis_client, settings.stream, job_class) == heard
    assert job.get_status() == ("failed" if fail else "finished")


@pytest.mark.parametrize(("job_class", "heard"), [(Job, ["theirs"]), (Ours, [])], ids=["rq", "ours"])
def test_no_other_function_is_called(
    redis_client: Any, settings: Settings, job_class: type[Job], heard: list[str]
) -> None:
    job = queue_of(redis_client, settings.stream).enqueue(f"{__name__}.theirs")
    assert worked_off(redis_client, settings.stream, job_class) == heard
    assert job.get_status() == ("finished" if heard else "failed")


@pytest.mark.parametrize(("job_class", "heard"), [(Job, ["theirs"]), (Ours, [])], ids=["rq", "ours"])
def test_no_callback_of_a_job_that_was_abandoned_is_called(
    redis_client: Any, settings: Settings, job_class: type[Job], heard: list[str]
) -> None:
    abandoned(redis_client, settings.stream, f"{__name__}.ours")
    queue_of(redis_client, settings.stream, job_class).started_job_registry.cleanup()
    assert called == heard


def test_no_address_is_told(redis_client: Any, settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        told = Webhook(f"http://127.0.0.1:{server.getsockname()[1]}/", job_status="finished")
        queue_of(redis_client, settings.stream).enqueue(f"{__name__}.ours", webhooks=[told])
        worked_off(redis_client, settings.stream, Ours)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_reporter_calls_nothing_else(redis_client: Any, settings: Settings) -> None:
    name = queue_name(settings.stream)
    abandoned(redis_client, name, ReportJob.own_function, WEEK.name)
    back = Callback(f"{__name__}.theirs")
    jobs = WeeklyJobs(redis_client, settings.stream)
    jobs.ensure(WEEK)
    (job_id,) = queue_of(redis_client, name).job_ids
    redis_client.hset(Job.key_for(job_id), mapping={"failure_callback_name": back.name})
    with pytest.raises(JobFailed):
        jobs.work_off(WEEK)  # nothing here says where Postgres is
    assert called == []


@pytest.mark.parametrize(
    "odd", [{"status": "odd"}, {"meta": "{}"}, {"data": "[]"}, {"created_at": "odd"}], ids=str
)
def test_a_job_that_cannot_be_read_hides_no_other_one(
    redis_client: Any, settings: Settings, odd: dict[str, str]
) -> None:
    jobs = Jobs(redis_client, settings.stream, "run")
    jobs.put_in("odd", {})
    jobs.put_in("one", {})
    redis_client.hset(Job.key_for(jobs._id("odd")), mapping=odd)
    assert [one.name for one in jobs.all()] == ["one"]


@pytest.mark.parametrize("odd", [{"status": "odd"}, {"meta": "{}", "group_id": "none"}], ids=str)
def test_what_is_left_of_a_job_does_not_keep_it_from_being_asked_for_again(
    redis_client: Any, settings: Settings, odd: dict[str, str]
) -> None:
    jobs = Jobs(redis_client, settings.stream, "run")
    jobs.put_in("one", {})
    redis_client.hset(Job.key_for(jobs._id("one")), mapping=odd)
    jobs.put_in("one", {})
    assert [one.name for one in jobs.all()] == ["one"]


def test_nor_does_one_that_was_abandoned(redis_client: Any, settings: Settings) -> None:
    """rq would stumble over it each time that it cleans up, and over what was put aside for it."""
    jobs = Jobs(redis_client, settings.stream, "run")
    abandoned(redis_client, jobs.queue.name, "replay.jobs.work.work", "run", {})
    ((entry, _),) = redis_client.zscan(jobs.queue.started_job_registry.key)[1]
    redis_client.hset(Job.key_for(entry.decode().split(":")[0]), "status", "odd")
    jobs.put_in("one", {})
    assert [one.name for one in jobs.all()] == ["one"]


def test_nor_does_who_looks_at_the_jobs_of_replays(redis_client: Any, settings: Settings) -> None:
    jobs = Jobs(redis_client, settings.stream, "run")
    abandoned(redis_client, jobs.queue.name, "replay.jobs.work.work", "run", {})
    assert [one.name for one in jobs.all()] == ["one"]
    assert called == []
