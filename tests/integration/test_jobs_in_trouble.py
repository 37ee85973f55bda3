"""A week's job in trouble: Redis goes before it is taken, it was left over for weeks, a clock was wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest
from rq import Queue, SimpleWorker
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from reports import delivery, jobs
from reports.schedule import report_newest
from reports.weeks import newest_due
from signaltape import Secret, Settings
from signaltape.clock import utc_now
from sink.db import Connection
from tests.integration.conftest import environment_of, own_valkey
from tests.support.botapi import TOKEN


@pytest.fixture
def reporting(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with a chat, without pictures, and the same in the environment, where jobs find them."""
    monkeypatch.setattr(delivery, "_files", lambda *_: [])
    bot = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_CHAT_ID": "42"}
    for name, value in {**environment_of(settings), **bot}.items():
        monkeypatch.setenv(name, value)
    return msgspec.structs.replace(settings, telegram_bot_token=Secret(TOKEN), telegram_chat_id="42")


def keys(connection: Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT message_key FROM outbox ORDER BY id").fetchall()]


def test_a_redis_that_goes_before_the_job_is_taken_does_not_hold_up_the_report(
    connection: Connection, reporting: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    week = newest_due(utc_now())
    with own_valkey(tmp_path / "valkey") as valkey:
        here = msgspec.structs.replace(reporting, redis_url=Secret(valkey.url))
        take = Queue.dequeue_any

        def go_first(*arguments: Any, **options: Any) -> Any:
            valkey.stop()
            return take(*arguments, **options)

        monkeypatch.setattr(Queue, "dequeue_any", go_first)
        working = Thread(target=report_newest, args=(here, utc_now()), daemon=True)
        working.start()
        working.join(10)
        assert not working.is_alive()
    assert keys(connection) == [f"scorecard:{week.monday}:42"]


def test_a_job_that_was_left_over_for_weeks_sends_nothing(
    connection: Connection, reporting: Settings, redis_client: Any
) -> None:
    newest = newest_due(utc_now())
    assert jobs.WeeklyJobs(redis_client, reporting.stream).ensure(newest.earlier(3)), (
        "its reporter was off from then on"
    )
    report_newest(reporting, utc_now())
    assert keys(connection) == [f"scorecard:{newest.monday}:42"]


def test_a_clock_that_is_days_ahead_does_not_lose_the_week_that_is_due(
    connection: Connection, reporting: Settings
) -> None:
    week = newest_due(utc_now())
    report_newest(reporting, utc_now() + timedelta(days=9))
    assert keys(connection) == [f"scorecard:{week.monday}:42"]


def test_a_job_that_was_begun_by_a_clock_far_ahead_is_put_in_again(
    connection: Connection, reporting: Settings, redis_client: Any
) -> None:
    week = newest_due(utc_now())
    job_id = jobs.job_id(reporting.stream, week)
    jobs.WeeklyJobs(redis_client, reporting.stream).ensure(week)
    queue = jobs.queue_name(reporting.stream)
    Queue(queue, connection=redis_client, serializer=JSONSerializer).remove(job_id)
    job = Job.fetch(job_id, connection=redis_client, serializer=JSONSerializer)
    job.set_status(JobStatus.STARTED)
    ahead = (utc_now() + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    redis_client.hset(job.key, "last_heartbeat", ahead)
    report_newest(reporting, utc_now())
    assert keys(connection) == [f"scorecard:{week.monday}:42"]


def test_what_a_worker_that_died_left_of_a_job_that_was_taken_from_it_does_not_hold_up_the_report(
    connection: Connection, reporting: Settings, redis_client: Any
) -> None:
    week = newest_due(utc_now())
    weekly = jobs.WeeklyJobs(redis_client, reporting.stream)
    weekly.ensure(week)
    slow = weekly._take()
    assert slow is not None
    another = Job.fetch(slow.id, connection=redis_client, serializer=JSONSerializer)
    another.delete()  # as one of another reporter, which holds it for lost
    with redis_client.pipeline() as pipeline:
        slow.prepare_for_execution("a worker that dies now", pipeline)
        pipeline.execute()
    report_newest(reporting, utc_now())
    assert keys(connection) == [f"scorecard:{week.monday}:42"]


@pytest.mark.parametrize(
    "odd", [{"status": "odd"}, {"group_id": "none"}, {"created_at": "odd"}], ids=["status", "group", "time"]
)
def test_a_job_that_cannot_be_read_or_taken_out_does_not_hold_up_the_report(
    connection: Connection, reporting: Settings, redis_client: Any, odd: dict[str, str]
) -> None:
    queue = Queue(jobs.queue_name(reporting.stream), connection=redis_client, serializer=JSONSerializer)
    redis_client.hset(queue.enqueue("os.getpid").key, mapping=odd)
    report_newest(reporting, utc_now())
    assert keys(connection) == [f"scorecard:{newest_due(utc_now()).monday}:42"]


@pytest.mark.parametrize("fails", [True, False])
def test_a_worker_that_takes_the_job_and_cannot_report_does_not_keep_the_reporter_from_it(
    connection: Connection,
    reporting: Settings,
    redis_client: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fails: bool,
) -> None:
    """As a worker of rq that stands by, but without this installation's settings."""

    def taken(weekly: jobs.WeeklyJobs) -> None:
        job = weekly._take()
        assert job is not None
        with redis_client.pipeline() as pipeline:
            job.prepare_for_execution("another worker", pipeline)
            pipeline.execute()
        ended.append(partial(_end, weekly, job, redis_client, fails))

    ended: list[Callable[[], None]] = []
    monkeypatch.setattr(jobs.WeeklyJobs, "_do_all", taken)
    report_newest(reporting, utc_now())
    assert keys(connection) == [], "it is under way"
    ended.pop()()
    report_newest(reporting, utc_now())
    assert keys(connection) == [f"scorecard:{newest_due(utc_now()).monday}:42"]
    assert "ended without a report" in caplog.text


def _end(weekly: jobs.WeeklyJobs, job: Job, client: Any, fails: bool) -> None:
    if fails:
        worker = SimpleWorker([weekly._queue], connection=client, serializer=JSONSerializer)
        worker.handle_job_failure(job, weekly._queue, exc_string="SettingsError: DATABASE_URL is not set")
    else:
        job.set_status(JobStatus.FINISHED)


def test_a_job_under_the_id_that_an_earlier_version_gave_it_makes_no_second_report(
    connection: Connection, reporting: Settings, redis_client: Any
) -> None:
    week = newest_due(utc_now())
    queue = Queue(jobs.queue_name(reporting.stream), connection=redis_client, serializer=JSONSerializer)
    old = queue.enqueue(jobs.build_report, week.name, job_id=f"weekly-scorecard-{week.name}")
    report_newest(reporting, utc_now())
    assert old.get_status() is JobStatus.FINISHED
    assert queue.count == 0
    assert keys(connection) == [f"scorecard:{week.monday}:42"]
