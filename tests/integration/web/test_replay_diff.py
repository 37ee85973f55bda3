"""The page and the call that hold a replay against its recording."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from replay.operations import jobs
from replay.operations.diff import diff_session
from signaltape import Settings
from signaltape.errors import Stopped
from sink.db import database_url
from tests.integration.conftest import Runner
from tests.integration.web.test_pages import Links
from tests.integration.web.test_whatif_jobs import once_done
from tests.support.replays import serving_replays
from tests.support.samples import closed, published
from tests.support.served import Served, serving
from tests.support.small_engine import CANDLES, Params, recorded, replayed
from web.diffs import KIND
from web.settings import WebSettings

HOSTILE = '"><img src=x onerror=alert(1)>'


@pytest.fixture
def fed(settings: Settings, tmp_path: Path) -> Settings:
    return msgspec.structs.replace(settings, run_mode="REPLAY", data=tmp_path)


@pytest.fixture
def served(fed: Settings) -> Iterator[Served]:
    with serving(WebSettings(fed, database_url(fed))) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return recorded(tmp_path)


def test_a_session_without_a_replay_says_what_would_fill_the_page(served: Served, folder: Path) -> None:
    page = served.get(f"/replay/{folder.name}/diff")
    assert page.status == 200
    assert "No replay to compare" in page.text
    assert served.get(f"/api/replay/sessions/{folder.name}/diff").status == 404


def test_an_identical_replay_says_so_in_its_head(served: Served, fed: Settings, folder: Path) -> None:
    replayed(fed, folder)
    page = served.get(f"/replay/{folder.name}/diff")
    assert f"Identical: {CANDLES} events" in page.text
    assert f"/replay/{folder.name}" in Links(page.text).found
    assert served.get(f"/api/replay/sessions/{folder.name}/diff").json["identical"] is True


def test_a_divergence_is_shown_with_both_values_and_its_signals_are_links(
    served: Served, fed: Settings, folder: Path
) -> None:
    from tests.support.described import ask  # schemathesis takes half a second: few tests need it

    replayed(fed, folder, Params(rr="2.5"))
    page = served.get(f"/replay/{folder.name}/diff")
    found = served.get(f"/api/replay/sessions/{folder.name}/diff").json
    assert "rr was 1.80, is 2.5 in the replay" in page.text
    assert {f"/signals/{one['signalId']}" for one in found["changes"]} <= set(Links(page.text).found)
    assert found["first"]["fields"][0] == {"field": "rr", "recorded": "1.80", "replayed": "2.5"}
    ask(served.address, "GET", "/api/replay/sessions/{session_id}/diff", session_id=folder.name)


def test_what_cannot_be_said_is_no_verdict(served: Served, fed: Settings, folder: Path) -> None:
    replayed(fed, folder, stop_after=5)
    page = served.get(f"/replay/{folder.name}/diff")
    assert "Cannot be said: the replay was stopped" in page.text
    assert "First divergence" not in page.text
    found = served.get(f"/api/replay/sessions/{folder.name}/diff").json
    assert (found["verdict"], found["identical"], found["began"] is None) == ("unknown", False, False)


def test_where_replay_serve_runs_it_compares_and_a_later_replay_is_compared_anew(
    served: Served, fed: Settings, folder: Path, runner: Runner
) -> None:
    address = f"/api/replay/sessions/{folder.name}/diff"
    replayed(fed, folder, Params(rr="2.5"))
    here = served.get(address)
    assert jobs.jobs(fed, KIND) == []
    with serving_replays(runner, fed):
        assert once_done(lambda: served.get(address)).body == here.body
        assert [one.state for one in jobs.jobs(fed, KIND)] == [jobs.State.DONE]
        assert "rr was 1.80, is 2.5" in once_done(lambda: served.get(f"/replay/{folder.name}/diff")).text
        replayed(fed, folder)
        assert once_done(lambda: served.get(address)).json["identical"] is True
        assert served.get(address.replace(folder.name, "none")).status == 404


def test_a_comparison_that_waits_says_so(
    served: Served, fed: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.queued.jobs.is_served", lambda *_given: True)
    monkeypatch.setattr("web.diffs._SOON_S", 0.0)
    replayed(fed, folder)
    page = served.get(f"/replay/{folder.name}/diff")
    assert (page.status, "It waits for others" in page.text, "refresh" in page.text) == (202, True, True)
    found = served.get(f"/api/replay/sessions/{folder.name}/diff")
    assert (found.status, found.headers["Retry-After"]) == (202, "1")
    assert found.json == {"state": "waiting", "what": "", "read": 0}


@pytest.mark.parametrize("most", [5, 10 * CANDLES])
def test_what_is_long_is_not_compared_in_this_process(
    served: Served, fed: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("replay.comparing.reading._TELL_EVERY", 1)
    monkeypatch.setattr("web.diffs._MOST_HERE", most)
    replayed(fed, folder)
    found = served.get(f"/api/replay/sessions/{folder.name}/diff")
    if most == 5:
        assert (found.status, "python -m replay serve" in found.json["detail"]) == (503, True)
    else:
        assert found.json["identical"] is True


def test_it_can_be_stopped_and_says_how_far_it_is(fed: Settings, folder: Path) -> None:
    replayed(fed, folder)
    told: list[str] = []
    assert diff_session(fed, folder.name, progress=lambda what, _done: told.append(what)).identical
    assert told == ["replayed events", "recorded events"]
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        diff_session(fed, folder.name, stop=stop)


def test_hostile_words_do_nothing(served: Served, fed: Settings, tmp_path: Path) -> None:
    at = "2022-01-17T12:00:30+07:00"
    odd = published(ts=at, symbol=HOSTILE, setup=HOSTILE)
    folder = recorded(tmp_path, ("signal_published", odd), ("signal_closed", closed(odd["signal_id"], ts=at)))
    replayed(fed, folder)
    page = served.get(f"/replay/{folder.name}/diff?within=0")
    assert page.status == 200
    assert "<img" not in page.text
    assert not Links(page.text).inline


@pytest.mark.parametrize("name", ["none", "..", "%2e%2e%2fx", "a%00b", "%3Cscript%3E"])
def test_what_is_no_session_is_not_found(served: Served, name: str) -> None:
    assert served.get(f"/replay/{name}/diff").status == 404
    assert served.get(f"/api/replay/sessions/{name}/diff").status == 404


@pytest.mark.parametrize("within", ["x", "nan", "-1", "1e9", "inf"])
def test_odd_spans_between_times_are_refused(served: Served, folder: Path, within: str) -> None:
    assert served.get(f"/replay/{folder.name}/diff?within={within}").status == 400
