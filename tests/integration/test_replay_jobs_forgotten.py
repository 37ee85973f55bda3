"""`replay serve` when Redis comes back empty, or fails at a bad moment: no other job ends, none is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from rq.job import Job

from replay.archive.layout import sessions_folder
from replay.jobs import serving
from replay.jobs.queues import Jobs, State, client, opened
from replay.jobs.serving import Serving
from replay.operations import asking, jobs
from replay.operations.asking import Playing
from replay.sessions.steering import is_running, read_status
from signaltape import Secret, Settings
from tests.integration.conftest import Runner, own_valkey
from tests.support.replays import archived_session, serving_replays
from tests.support.waiting import eventually


@pytest.fixture
def here(settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    """Settings with an archive and a Redis of their own."""
    with own_valkey(tmp_path / "valkey") as valkey:
        yield msgspec.structs.replace(settings, data=tmp_path, redis_url=Secret(valkey.url))


def url(here: Settings) -> str:
    assert here.redis_url is not None
    return here.redis_url.reveal()


def begun(here: Settings) -> tuple[Path, int]:
    """A replay that runs; its folder and its process."""
    session = archived_session(here.data)
    folder = sessions_folder(here.data) / session
    asking.ask_for_run(here, Playing(session))
    return folder, eventually(lambda: _process(folder))


def _process(folder: Path) -> int:
    found = read_status(folder)
    return (found.pid or 0) if found is not None and found.running else 0


def test_redis_forgets_everything_and_only_what_is_killed_ends(here: Settings, runner: Runner) -> None:
    with serving_replays(runner, here, REDIS_URL=url(here)) as process:
        (one, pid), (other, _) = begun(here), begun(here)
        redis.Redis.from_url(url(here)).flushall()
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not is_running(one))
        eventually(lambda: jobs.is_served(here))  # it has said so anew, after it saw the end
        third, _ = begun(here)
        assert process.popen.poll() is None
        assert is_running(other)
        process.popen.kill()  # what nobody knows any more ends with it all the same
        eventually(lambda: not is_running(other) and not is_running(third))


class Began:
    """Stands for the process of a job."""

    def __init__(self, kind: str, job: Any) -> None:
        self.kind, self.job = kind, job
        self.process = self
        self.returncode = 0

    def poll(self) -> None:
        """It runs."""


@pytest.fixture
def server(here: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serving]:
    monkeypatch.setattr(serving, "Child", Began)
    connection = client(here)
    yield Serving(connection, here.stream)
    connection.close()


def waits(here: Settings) -> str:
    session = archived_session(here.data)
    asking.ask_for_run(here, Playing(session))
    return session


def test_a_job_is_not_lost_when_redis_fails_right_after_it_was_taken(
    here: Settings, server: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits(here)
    with monkeypatch.context() as broken:
        broken.setattr(Job, "heartbeat", _away)
        with pytest.raises(redis.ConnectionError):
            server.round()
    server.round()
    assert server._busy("run") == 1


def test_a_job_whose_process_cannot_begin_waits_again_when_serving_ends(
    here: Settings, server: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = waits(here)
    monkeypatch.setattr(serving, "Child", _away)
    with pytest.raises(redis.ConnectionError):
        server.round()
    server.stop()
    job = asking.run_job(here, session)
    assert job is not None
    assert job.state is State.WAITING


def _away(*_: object) -> None:
    raise redis.ConnectionError("away")


def test_a_job_asked_for_anew_meanwhile_begins_once(
    here: Settings, server: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = waits(here)
    with monkeypatch.context() as broken:
        broken.setattr(serving, "Child", _away)
        with pytest.raises(redis.ConnectionError):
            server.round()
    with opened(here, "run") as found:
        found.withdraw(session)
    asking.ask_for_run(here, Playing(session))
    server.round()
    server.round()
    assert server._busy("run") == 1


def test_what_is_no_job_keeps_nobody_up(here: Settings, server: Serving) -> None:
    with opened(here, "run") as found:
        found.queue.connection.set(Job.key_for("odd"), "no hash")
        found.queue.push_job_id("odd")
        found.queue.connection.rpush(found.queue.key, b"\xff")
    waits(here)
    for _ in range(3):
        server.round()
    assert server._busy("run") == 1


@pytest.mark.parametrize("odd", [{"group_id": "none"}, {"origin": "taken"}], ids=["group", "queue"])
def test_what_is_none_of_ours_and_cannot_be_taken_out_whole_keeps_nobody_up(
    here: Settings, server: Serving, odd: dict[Any, Any]
) -> None:
    with opened(here, "run") as found:
        job = found.queue.enqueue("os.getpid")
        found.queue.connection.hset(job.key, mapping=odd)
        found.queue.connection.set("rq:queue:taken", "no list")
    waits(here)
    server.round()
    server.round()
    assert server._busy("run") == 1
    assert not Job.exists(job.id, server._connection)


def test_what_waits_while_somebody_serves_is_heard_of(here: Settings, server: Serving) -> None:
    """Else what waited for a minute would look lost at the moment when it is taken."""
    session = waits(here)
    server._beat()
    with opened(here, "run") as found:
        job = found._fetch(session)
    assert job is not None
    assert job.last_heartbeat is not None
    assert _leaves_nothing(here, session)


def _leaves_nothing(here: Settings, session: str) -> bool:
    """What was withdrawn does not come back by being heard of."""
    with opened(here, "run") as found:
        job = found._fetch(session)
        assert job is not None
        job.connection.delete(job.key)  # its id still stands in the queue
        Jobs(job.connection, here.stream, "run").touch_waiting()
        return not job.connection.exists(job.key)
