"""The reporter as a process: one report each week, whatever happens to reporters, Redis and Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import DefaultSerializer, JSONSerializer

from reports import jobs
from reports.weeks import newest_due
from signaltape import Settings
from signaltape.clock import utc_now
from sink.db import Connection
from tests.integration.conftest import Process, Runner
from tests.support.botapi import TOKEN, BotServer, bot_server
from tests.support.waiting import eventually, next_line


def bot(server: BotServer) -> dict[str, str]:
    return {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_CHAT_ID": "42", "TELEGRAM_API_BASE": server.base}


def with_bot(work: Callable[[BotServer], Awaitable[None]]) -> BotServer:
    async def run() -> BotServer:
        async with bot_server() as server:
            await work(server)
            return server

    return asyncio.run(run())


async def until(condition: Callable[[], Any]) -> None:
    await asyncio.to_thread(eventually, condition)


async def end(process: Process) -> str:
    """End a reporter as a process manager does; what it said."""
    process.popen.terminate()
    code, _, err = await asyncio.to_thread(process.finish, 30)
    assert code == 0, err
    return err


def states(connection: Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT state FROM outbox").fetchall()]


def fetch_job(client: Any, stream: str) -> Job:
    job = jobs.job_id(stream, newest_due(utc_now()))
    return Job.fetch(job, connection=client, serializer=JSONSerializer)


def senders(connection: Connection) -> int:
    name = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"
    return len(connection.execute(name, ("signaltape-sender",)).fetchall())


def test_the_schedule_catches_up_the_newest_week_on_start_and_only_once(
    connection: Connection, runner: Runner
) -> None:
    async def work(server: BotServer) -> None:
        for start in (runner.start_anew, runner.start):
            process = start("reports", "schedule", **bot(server))
            await until(lambda: states(connection) == ["sent"])
            await until(lambda: senders(connection) == 1)
            err = await end(process)
            assert "next Weekly Scorecard: " in err
            assert "23:59:00 WIB" in err

    server = with_bot(work)
    assert len(server.messages) == 1
    assert sorted(name.rpartition(".")[2] for _, name, _ in server.files.values()) == ["pdf", "png"]
    assert connection.execute("SELECT count(*) FROM weekly_scorecard").fetchone() == (1,)


def test_two_reporters_make_one_report(
    connection: Connection, runner: Runner, redis_client: Any, settings: Settings
) -> None:
    async def work(server: BotServer) -> None:
        both = [runner.start("reports", "schedule", **bot(server)) for _ in range(2)]
        await until(lambda: states(connection) == ["sent"])
        await until(lambda: senders(connection) == 2)
        for process in both:
            await end(process)

    server = with_bot(work)
    assert len(server.messages) == 1
    assert len(server.files) == 2
    assert fetch_job(redis_client, settings.stream).is_finished


def test_a_reporter_that_dies_in_the_middle_is_made_up_for(
    connection: Connection, runner: Runner, redis_client: Any, settings: Settings
) -> None:
    async def work(server: BotServer) -> None:
        dying = {**bot(server), "SIGNALTAPE_FAILPOINTS": "reports.before_enqueue=kill@1"}
        process = runner.start("reports", "schedule", **dying)
        code, _, _ = await asyncio.to_thread(process.finish, 60)
        assert code == -9
        job = fetch_job(redis_client, settings.stream)
        assert job.is_started
        begun = (utc_now() - 2 * jobs.LOST_AFTER).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        redis_client.hset(job.key, "last_heartbeat", begun)  # as if a while had gone by
        process = runner.start("reports", "schedule", **bot(server))
        await until(lambda: states(connection) == ["sent"])
        await end(process)

    assert len(with_bot(work).messages) == 1


def test_without_redis_the_report_is_built_all_the_same(connection: Connection, runner: Runner) -> None:
    async def work(server: BotServer) -> None:
        for away in ({"REDIS_URL": "redis://127.0.0.1:1"}, {"REDIS_URL": ""}):
            connection.execute("TRUNCATE outbox CASCADE")
            process = runner.start("reports", "schedule", **bot(server), **away)
            await until(lambda: states(connection) == ["sent"])
            await end(process)

    assert len(with_bot(work).messages) == 2, "the second one after the outbox was emptied by hand"


def queue_of(client: Any, stream: str) -> Queue:
    return Queue(jobs.queue_name(stream), connection=client, serializer=JSONSerializer)


@pytest.mark.parametrize("serializer", [JSONSerializer, DefaultSerializer])
def test_a_job_that_is_no_report_is_dropped(redis_client: Any, settings: Settings, serializer: Any) -> None:
    queue = Queue(jobs.queue_name(settings.stream), connection=redis_client, serializer=serializer)
    job = queue.enqueue("os.getpid")
    jobs.WeeklyJobs(redis_client, settings.stream).work_off(newest_due(utc_now()))
    assert queue.count == 0
    assert not Job.exists(job.id, connection=redis_client)


def test_a_job_is_put_in_once_and_again_only_when_it_was_lost(redis_client: Any, settings: Settings) -> None:
    weekly = jobs.WeeklyJobs(redis_client, settings.stream)
    week = newest_due(utc_now() - timedelta(days=700))
    assert weekly.ensure(week)
    assert not weekly.ensure(week), "it waits in the queue"
    queue = queue_of(redis_client, settings.stream)
    queue.remove(jobs.job_id(settings.stream, week))
    assert weekly.ensure(week), "its reporter died between taking and beginning it"


def test_two_installations_share_a_redis(redis_client: Any, settings: Settings) -> None:
    week = newest_due(utc_now() - timedelta(days=700))
    names = [f"{settings.stream}{end}" for end in ("", ":a", "_a", "-a", ".a")]
    assert all(jobs.WeeklyJobs(redis_client, name).ensure(week) for name in names)
    with pytest.raises(jobs.JobFailed, match="DATABASE_URL"):  # it is done here, where none is set
        jobs.WeeklyJobs(redis_client, names[0]).work_off(week)
    waiting = [queue_of(redis_client, name).job_ids for name in names]
    assert waiting == [[], *([jobs.job_id(name, week)] for name in names[1:])]


def test_no_worker_is_left_behind(redis_client: Any, settings: Settings) -> None:
    jobs.WeeklyJobs(redis_client, settings.stream).work_off(newest_due(utc_now()))
    assert SimpleWorker.all(queue=queue_of(redis_client, settings.stream)) == []


def test_the_schedule_waits_for_postgres(runner: Runner) -> None:
    process = runner.start("reports", "schedule", DATABASE_URL="postgresql://u@127.0.0.1:1/x")
    assert process.popen.stderr is not None
    while "trying again in" not in next_line(process.popen.stderr):
        assert process.popen.poll() is None
    process.popen.terminate()
    assert process.finish(30)[0] == 0
    assert runner.run("reports", "schedule", DATABASE_URL="")[0] == 2
