"""`replay serve`: builds and runs side by side, each in a process of its own, and none is lost without a word."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from replay.archive.layout import sessions_folder
from replay.jobs.queues import opened
from replay.operations import asking, jobs, playing, sessions
from replay.operations.asking import Playing
from replay.sessions.steering import is_running, read_status
from signaltape import Settings
from signaltape.errors import NotAllowedNow, NotFound
from signaltape.replay import SessionBusy
from tests.integration.conftest import Runner
from tests.support.archived import DAY
from tests.support.replays import archived_session, serving_replays
from tests.support.waiting import eventually

NOW = datetime(2022, 1, 18, tzinfo=UTC)


@pytest.fixture
def here(settings: Settings, tmp_path: Path) -> Settings:
    """Settings with an archive of their own."""
    return msgspec.structs.replace(settings, data=tmp_path)


@pytest.fixture
def serve(runner: Runner, here: Settings) -> Iterator[Any]:
    with serving_replays(runner, here) as process:
        yield process


def folder_of(here: Settings, session: str) -> Path:
    return sessions_folder(here.data) / session


def begin(here: Settings, session: str, **how: Any) -> None:
    asking.ask_for_run(here, Playing(session, **how))
    eventually(lambda: is_running(folder_of(here, session)))


def test_a_session_is_built_while_another_one_is_replayed(here: Settings, serve: Any) -> None:
    session = archived_session(here.data)
    begin(here, session)
    asked = asking.ask_for_build(here, DAY, NOW, "trader (1)", notes="beside", speed=2.0)
    eventually(lambda: folder_of(here, asked.session_id).is_dir())
    built = sessions.show_session(here, asked.session_id)
    assert (built.created_by, built.notes, built.speed_factor) == ("trader (1)", "beside", 2.0)
    assert built.total_events == 60
    assert playing.running_sessions(here)[0].session_id == session
    assert "stopping" in asking.stop_run(here, session)
    eventually(lambda: not is_running(folder_of(here, session)))


def test_a_session_is_not_replayed_twice_at_once(here: Settings, serve: Any) -> None:
    session = archived_session(here.data)
    begin(here, session)
    with pytest.raises(SessionBusy, match="is being replayed already"):
        asking.ask_for_run(here, Playing(session))
    asking.stop_run(here, session)
    eventually(lambda: not is_running(folder_of(here, session)))
    eventually(lambda: (job := asking.run_job(here, session)) is not None and not job.under_way)
    begin(here, session)


def test_a_run_that_waits_is_not_put_in_again_and_can_be_taken_out(here: Settings) -> None:
    session = archived_session(here.data)
    asking.ask_for_run(here, Playing(session))
    with pytest.raises(NotAllowedNow, match="waiting already"):
        asking.ask_for_run(here, Playing(session))
    assert "will not be replayed" in asking.stop_run(here, session)
    assert asking.run_job(here, session) is None
    with pytest.raises(SessionBusy, match="is not being replayed"):
        asking.stop_run(here, session)
    with pytest.raises(NotFound):
        asking.ask_for_run(here, Playing("none"))


def test_what_runs_is_stopped_cleanly_and_told_when_the_process_is(here: Settings, runner: Runner) -> None:
    session = archived_session(here.data)
    process = runner.start("replay", "serve", SIGNALTAPE_DATA=str(here.data))
    begin(here, session)
    process.popen.terminate()
    code, out, err = process.finish(timeout=30)
    assert code == 0, err
    assert f"stopped the replay of {session} after 1 of 60 events" in err
    assert "of what was running: 1" in out
    assert "Traceback" not in err
    status = read_status(folder_of(here, session))
    assert status is not None
    assert not status.running
    assert not jobs.is_served(here)


def test_a_replay_whose_process_is_killed_is_told_as_failed(here: Settings, serve: Any) -> None:
    session = archived_session(here.data)
    begin(here, session)
    os.kill(eventually(lambda: playing.standing(here, session).pid or 0), signal.SIGKILL)
    job = eventually(lambda: _ended(asking.run_job(here, session)))
    assert (job.state, job.said) == (jobs.State.FAILED, "its process ended: exit code -9")
    begin(here, session)  # and may be asked for again


def test_a_replay_ends_with_the_process_that_began_it(here: Settings, runner: Runner) -> None:
    session = archived_session(here.data)
    process = runner.start("replay", "serve", SIGNALTAPE_DATA=str(here.data))
    begin(here, session)
    process.popen.kill()
    eventually(lambda: not is_running(folder_of(here, session)))


def test_a_build_that_fails_says_why_in_a_line_without_secrets(here: Settings, runner: Runner) -> None:
    with serving_replays(runner, here, DATABASE_URL="postgresql://u:hunter22@127.0.0.1:1/x"):
        asked = asking.ask_for_build(here, DAY, NOW, "trader", source="postgres")
        job = eventually(lambda: _ended(jobs.job(here, "build", asked.session_id)))
        assert (job.state, job.error) == (jobs.State.FAILED, "Unavailable")
        assert job.said.startswith("Postgres: ")
        assert "hunter22" not in job.said
        assert [one.asked.session_id for one in asking.buildings(here)] == [asked.session_id]


def _ended(job: jobs.JobState | None) -> Any:
    assert job is not None
    return None if job.under_way else job


def test_what_names_another_function_is_dropped(here: Settings, serve: Any) -> None:
    with opened(here, "build") as found:
        job = found.queue.enqueue("os.getpid")
        eventually(lambda: job.id not in found.queue.job_ids)
        eventually(lambda: found.queue.fetch_job(job.id) is None)
        assert found.all() == []
