"""Replays: sessions played to engines and streams, and steered; and nothing goes live."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from replay.archive.archiver import Archive
from replay.sessions.sources import Span
from signaltape import Emitter, Settings
from signaltape.replay import Controls, ReplayEvent, ReplayFeed
from sink.db import Connection
from tests.integration.archiving import NOON, at, batch
from tests.integration.conftest import Runner
from tests.integration.replaying import HOUR, archived, session
from tests.support.samples import SAMPLES
from tests.support.waiting import eventually


def test_scoring_only_drives_a_state_machine(tmp_path: Path) -> None:
    archived(tmp_path)
    target = Archive(tmp_path)
    regime = at("state_event", NOON + HOUR / 2, symbol="S0", eventType="REGIME_UPDATE", toState="TREND", n=-1)
    risk = at("state_event", NOON + HOUR / 2, symbol="S0", eventType="RISK_UPDATE", toState="OFF", n=-2)
    target.write(batch(regime, risk, first=1000))
    target.close()
    _, folder = session(tmp_path, Span(NOON, NOON + 2 * HOUR))
    states: dict[str, str] = {}
    seen: list[str] = []

    def on_update(event: ReplayEvent) -> None:
        states[event.data["symbol"]] = event.data["toState"]
        seen.append(event.type)

    feed = ReplayFeed(folder, mode="SCORING_ONLY")
    feed.on("SCORING_UPDATE", on_update).on("REGIME_UPDATE", on_update)
    feed.on("*", lambda event: pytest.fail(f"{event.type} has no place here"))
    status = feed.run()
    assert (seen.count("SCORING_UPDATE"), seen.count("REGIME_UPDATE")) == (40, 1)
    assert states == {"S0": "SETUP", "S1": "SETUP"}
    assert not status.running


def test_full_decision_gives_only_the_market(tmp_path: Path) -> None:
    archived(tmp_path)
    _, folder = session(tmp_path, Span(NOON, NOON + 2 * HOUR))
    seen: list[str] = []
    ReplayFeed(folder, mode="FULL_DECISION").on("*", lambda event: seen.append(event.type)).run()
    assert seen == ["MARKET_TRADE"] * 40


def test_stop_ends_emission_at_once(tmp_path: Path) -> None:
    archived(tmp_path)
    _, folder = session(tmp_path, Span(NOON, NOON + 2 * HOUR))
    controls = Controls()
    seen: list[int] = []

    def on_any(event: ReplayEvent) -> None:
        seen.append(event.index)
        if event.index == 20:
            controls.stop()

    status = ReplayFeed(folder, controls=controls).on("*", on_any).run()
    assert seen == list(range(21))
    assert status.current_event_index == 21


def test_pause_step_seek_and_resume(tmp_path: Path) -> None:
    archived(tmp_path)
    _, folder = session(tmp_path, Span(NOON, NOON + 2 * HOUR))
    controls = Controls(step=True)
    seen: list[int] = []
    feed = ReplayFeed(folder, controls=controls).on("*", lambda event: seen.append(event.index))
    thread = threading.Thread(target=feed.run)
    thread.start()
    controls.step()
    controls.step()
    eventually(lambda: seen == [0, 1])
    controls.seek(100)
    controls.step()
    eventually(lambda: seen == [0, 1, 100])
    assert feed.status.paused
    controls.resume()
    thread.join(10)
    assert seen == [0, 1, *range(100, 120)]


def test_spacing_is_kept_at_speed_and_for_coroutines_too(tmp_path: Path) -> None:
    archived(tmp_path, 10, timedelta(seconds=1))
    _, folder = session(tmp_path, Span(NOON, NOON + HOUR))
    seen: list[tuple[int, float]] = []

    async def on_any(event: ReplayEvent) -> None:
        seen.append((event.index, asyncio.get_running_loop().time()))

    feed = ReplayFeed(folder, speed=20).on("*", on_any)

    async def play() -> float:
        began = asyncio.get_running_loop().time()
        assert (await feed.run_async()).drift_max_ms > 0
        return began

    began = asyncio.run(play())
    assert [index for index, _ in seen] == list(range(10))
    assert seen[-1][1] - began >= 9 / 20 - 0.001
    with pytest.raises(TypeError, match="the handler of SCORING_UPDATE is asynchronous: use run_async"):
        ReplayFeed(folder).on("*", on_any).run()


def test_a_loop_begins_anew(tmp_path: Path) -> None:
    archived(tmp_path, 5)
    _, folder = session(tmp_path, Span(NOON, NOON + HOUR))
    controls = Controls()
    seen: list[int] = []

    def on_any(event: ReplayEvent) -> None:
        seen.append(event.index)
        if len(seen) == 12:
            controls.stop()

    ReplayFeed(folder, loop=True, controls=controls).on("*", on_any).run()
    assert seen == [0, 1, 2, 3, 4] * 2 + [0, 1]


def test_a_replay_into_redis_is_marked_and_no_worker_takes_it(
    settings: Settings, runner: Runner, connection: Connection, redis_client: Any, key: str, tmp_path: Path
) -> None:
    archived(tmp_path)
    manifest, _ = session(tmp_path, Span(NOON, NOON + 2 * HOUR))
    data = {"SIGNALTAPE_DATA": str(tmp_path)}
    code, out, err = runner.run_anew("replay", "run", manifest.session_id, "--max", **data)
    assert code == 0, err
    assert "replayed 120 of 120 events" in out
    outlet = f"{settings.stream}:replay:{manifest.session_id}"
    entries = redis_client.xrange(outlet)
    assert [json.loads(fields[b"data"])["n"] for _, fields in entries] == list(range(120))
    assert {fields[b"replay"] for _, fields in entries} == {manifest.session_id.encode()}
    redis_client.xadd(key, entries[0][1])  # as if somebody copied it into the live stream
    assert runner.run("worker", "--once")[0] == 0
    reasons = connection.execute("SELECT reason FROM dead_letters").fetchall()
    assert reasons == [("a replayed event never enters the live tables",)]
    assert connection.execute("SELECT count(*) FROM records").fetchone() == (0,)


def test_a_running_replay_is_steered_from_outside(settings: Settings, runner: Runner, tmp_path: Path) -> None:
    archived(tmp_path)
    manifest, _ = session(tmp_path, Span(NOON, NOON + 2 * HOUR))
    name, data = manifest.session_id, {"SIGNALTAPE_DATA": str(tmp_path)}

    def status() -> dict[str, Any]:
        code, out, _ = runner.run("replay", "status", name, "--json", **data)
        found: dict[str, Any] = json.loads(out) if code == 0 else {}
        return found

    assert runner.run("replay", "stop", name, **data)[2] == f"Error: session {name} is not being replayed\n"
    process = runner.start("replay", "run", name, "--speed", "1", **data)
    eventually(lambda: status().get("running"))
    assert "is being replayed already" in runner.run("replay", "run", name, "--max", **data)[2]
    assert runner.run("replay", "seek", name, "60", **data)[0] == 0
    eventually(lambda: status()["currentEventIndex"] >= 61)
    found = status()
    assert set(found) >= {
        *("sessionId", "running", "currentEventIndex", "totalEvents", "startedAt", "lastEventTimestamp"),
    }
    assert runner.run("replay", "stop", name, **data)[0] == 0
    code, out, err = process.finish(30)
    assert code == 0, err
    assert "stopped after 61 of 120 events" in out
    assert not status()["running"]
    assert runner.run("replay", "status", name, **data)[0] == 0
    assert runner.run("replay", "delete", name, **data)[0] == 0
    assert runner.run("replay", "show", name, **data)[2] == f"Error: there is no session {name}\n"


def test_health_says_what_is_wrong(runner: Runner, tmp_path: Path) -> None:
    data = {"SIGNALTAPE_DATA": str(tmp_path)}
    code, out, _ = runner.run("replay", "health", **data)
    assert (code, out.splitlines()[0]) == (0, "all is well: 2 checks")
    code, out, _ = runner.run("replay", "health", "--session", "nothing", **data)
    assert code == 1
    assert "replay   ERROR  there is no session nothing\n" in out
    archived(tmp_path, 3)
    _, folder = session(tmp_path, Span(NOON, NOON + HOUR))
    dead = subprocess.Popen(["true"])
    dead.wait()
    status = {
        "sessionId": folder.name,
        "running": True,
        "paused": False,
        "currentEventIndex": 2,
        "totalEvents": 3,
    }
    nothing = {"startedAt": None, "lastEventTimestamp": None, "speedFactor": 1}
    (folder / "status.json").write_text(json.dumps({**status, **nothing, "pid": dead.pid}))
    code, out, _ = runner.run("replay", "health", **data)
    assert code == 1
    said = " ".join(out.split())
    assert f"replay WARN the replay of {folder.name} ended without stopping at 2" in said
    limited = (
        "import resource, runpy, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); sys.argv = ['replay', 'health'];"
        "runpy.run_module('replay', run_name='__main__')"
    )
    code, out, _ = runner.fork_code(limited, **data).finish()
    assert code == 1
    assert "logging  WARN   journals:" in out


def test_an_engine_in_replay_records_nothing(tmp_path: Path) -> None:
    settings = Settings(feature_event_logging=True, home=tmp_path / "home", run_mode="REPLAY")
    tape = Emitter(settings)
    assert not tape.enabled
    assert not tape.published(SAMPLES["signal_published"]())
    assert not (tmp_path / "home").exists()
