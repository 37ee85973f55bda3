"""What if as a job of `replay serve`: its answer, how far it is, and what it says if it is not done."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from replay.operations import jobs
from signaltape import Settings
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.integration.test_rules import write_weeks
from tests.support.replays import serving_replays
from tests.support.served import Answer, Served
from tests.support.waiting import eventually
from web.settings import WebSettings
from web.whatif_jobs import KIND

TRIED = {"weights": {"smc": 0.25, "trend": 0.35}, "week": "2022-W03"}
PAGE = "/rules/what-if?week=2022-W03&weeks=8&layer=smc&weight=0.25&layer=trend&weight=0.35"


def post(served: Served, body: Any) -> Answer:
    return served.ask("POST", "/api/whatif", json.dumps(body), {"Content-Type": "application/json"})


def once_done(ask: Callable[[], Answer]) -> Answer:
    """What is answered once it is not under way any more."""
    found = eventually(lambda: answer if (answer := ask()).status != 202 else None)
    assert found is not None
    return found


@pytest.fixture
def here(web_settings: WebSettings) -> Settings:
    return web_settings.common


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is believed that somebody works the queue, and is busy for long; nobody waits for it."""
    monkeypatch.setattr("web.queued.jobs.is_served", lambda *_given: True)
    monkeypatch.setattr("web.whatif_jobs._SOON_S", 0.0)


def only_job(settings: Settings) -> jobs.JobState:
    (job,) = jobs.jobs(settings, KIND)
    return job


def test_a_job_says_what_the_process_itself_would(
    served: Served, here: Settings, connection: Connection, runner: Runner
) -> None:
    write_weeks(connection)
    here_computed = post(served, TRIED)
    assert jobs.jobs(here, KIND) == []
    with serving_replays(runner, here):
        found = once_done(lambda: post(served, TRIED))
        job = only_job(here)
        again = served.get(f"/api/whatif/{job.name}")
        page = once_done(lambda: served.get(PAGE))
    assert (found.status, again.status, page.status, job.state) == (200, 200, 200, jobs.State.DONE)
    assert found.body == here_computed.body == again.body
    assert "512 signals with layers" in page.text
    assert "refresh" not in page.text
    assert len(jobs.jobs(here, KIND)) == 1  # page and call ask the same


def test_what_takes_longer_is_told_with_where_to_ask(
    served: Served, settings: Settings, somebody: None
) -> None:
    first, second = post(served, TRIED), post(served, TRIED)
    assert (first.status, first.json["state"], first.json["read"]) == (202, "waiting", 0)
    assert second.json["address"] == first.json["address"] == first.headers["Location"]
    assert len(jobs.jobs(settings, KIND)) == 1
    page = served.get(PAGE)
    assert page.status == 202
    assert '<meta http-equiv="refresh" content="2">' in page.text
    assert "It waits for others to be done" in page.text
    assert served.get(first.json["address"]).status == 202


def test_it_is_told_while_it_is_computed_and_answered_once_it_is(
    served: Served, here: Settings, connection: Connection, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.whatif_jobs._SOON_S", 0.0)
    write_weeks(connection)
    with connection.transaction():
        connection.execute("LOCK TABLE signal_layers")
        address = post(served, TRIED).json["address"]
        eventually(lambda: served.get(address).json["state"] == "running")
        assert "It is being computed: 0 signals read so far." in served.get(PAGE).text
    eventually(lambda: served.get(address).status == 200)
    assert served.get(address).json["signals"] == 512
    assert served.get(PAGE).status == 200


def test_what_waits_for_nobody_says_what_to_start(
    served: Served, somebody: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = post(served, TRIED).json["address"]
    monkeypatch.setattr("web.queued.jobs.is_served", lambda *_given: False)
    assert "start python -m replay serve" in served.get(address).json["message"]


def test_a_failure_is_told_once_and_then_it_may_be_asked_anew(
    served: Served, here: Settings, serve: Any
) -> None:
    nothing = once_done(lambda: post(served, TRIED))
    assert nothing.status == 404
    assert "no signal with layers" in nothing.json["detail"]
    assert jobs.jobs(here, KIND) == []
    page = once_done(lambda: served.get(PAGE))
    assert "No signal with layers was published" in page.text


def test_a_job_whose_database_is_away_says_so_and_is_not_asked_again_by_the_page(
    served: Served, here: Settings, runner: Runner
) -> None:
    with serving_replays(runner, here, DATABASE_URL="postgresql://u:hunter22@127.0.0.1:1/x"):
        page = once_done(lambda: served.get(PAGE))
    assert page.status == 503
    assert "It was not computed: Postgres: " in page.text
    assert "data-away" not in page.text
    assert "hunter22" not in page.text


@pytest.mark.parametrize("name", ["x", "0" * 32, "0" * 33, "%00"])
def test_what_was_not_asked_is_not_known(served: Served, name: str) -> None:
    assert served.get(f"/api/whatif/{name}").status == 404
