"""Replays: sessions built exactly, played to engines and streams, loaded and reprocessed; and nothing goes live."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from deploy.embedded.binaries import postgres_bin
from deploy.embedded.servers import Urls
from replay.archive.archiver import Archive
from replay.archive.layout import sessions_folder
from replay.sessions import build as building
from replay.sessions.build import build
from replay.sessions.sources import ArchiveSource, Span
from signaltape import Emitter, Secret, Settings
from signaltape.replay import Controls, Manifest, ReplayEvent, ReplayFeed, SessionError
from signaltape.replay.session import read_events
from sink.admin.migrate import migrate
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.integration.test_archive import NOON, at, batch
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import SAMPLES, as_json, new_id
from tests.support.waiting import eventually

HOUR = timedelta(hours=1)


def archived(data: Path, count: int = 120, step: timedelta = timedelta(minutes=1)) -> None:
    """Updates, orders and market trades of two symbols, one every `step` from noon on, in disorder."""
    names = ["state_event", "order_log", "market_trade"]
    events = [
        at(names[number % 3], NOON + number * step, symbol=f"S{number % 2}", n=number)
        for number in range(count)
    ]
    target = Archive(data)
    target.write(batch(*events[::-1]))
    target.close()


def session(data: Path, span: Span, **options: Any) -> tuple[Manifest, Path]:
    manifest = build(data, ArchiveSource(data), span, now=datetime.now(UTC), **options)
    return manifest, sessions_folder(data) / manifest.session_id


def numbers(folder: Path) -> list[int]:
    return [event.data["n"] for event in read_events(folder)]


def test_a_session_holds_exactly_its_span_sorted(tmp_path: Path) -> None:
    archived(tmp_path)
    manifest, folder = session(tmp_path, Span(NOON + HOUR / 6, NOON + HOUR))
    assert numbers(folder) == list(range(10, 60)), "from is in, to is not"
    assert (manifest.total_events, manifest.symbols, manifest.source) == (50, ["S0", "S1"], "archive")
    assert manifest.event_types == ["MARKET_TRADE", "ORDER_LOG", "SCORING_UPDATE"]
    assert manifest.sha256 == hashlib.sha256((folder / "events.jsonl").read_bytes()).hexdigest()
    written = json.loads((folder / "manifest.json").read_text())
    assert written["sourceDateRange"] == {
        "from": (NOON + HOUR / 6).isoformat().replace("+00:00", "Z"),
        "to": (NOON + HOUR).isoformat().replace("+00:00", "Z"),
    }
    assert set(written) == {
        *("sessionId", "createdAt", "createdBy", "sourceDateRange", "symbols", "eventTypes"),
        *("speedFactor", "notes", "totalEvents", "source", "sha256", "found", "missing", "badLines"),
    }


def test_symbols_types_and_the_most_events(tmp_path: Path) -> None:
    archived(tmp_path)
    span = Span(NOON, NOON + 2 * HOUR)
    _, folder = session(tmp_path, span._replace(symbols=frozenset({"S1"}), types=frozenset({"MARKET_TRADE"})))
    assert numbers(folder) == [number for number in range(120) if number % 2 == 1 and number % 3 == 2]
    assert numbers(session(tmp_path, span, max_events=7)[1]) == list(range(7))
    assert numbers(session(tmp_path, Span(NOON - HOUR, NOON))[1]) == []


def test_an_external_merge_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archived(tmp_path, 500, timedelta(seconds=1))
    span = Span(NOON, NOON + HOUR)
    whole, _ = session(tmp_path, span)
    monkeypatch.setattr(building, "RUN_LINES", 37)
    pieces, folder = session(tmp_path, span)
    assert pieces.sha256 == whole.sha256
    assert sorted(path.name for path in folder.iterdir()) == ["events.jsonl", "manifest.json"]


def test_a_build_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archived(tmp_path)
    monkeypatch.setattr(building, "_write", lambda *_arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        session(tmp_path, Span(NOON, NOON + HOUR))
    assert list(sessions_folder(tmp_path).iterdir()) == []


def record_some(settings: Settings) -> None:
    with Emitter(settings, strict=True) as tape:
        for number in range(30):
            when = (NOON + number * timedelta(seconds=10)).isoformat()
            tape.state(RECORD_SAMPLES["state_event"], timestamp=when, n=number)
            tape.market("trade", RECORD_SAMPLES["market_trade"], timestamp=when, n=number)
        for name, make in SAMPLES.items():
            getattr(tape, name.removeprefix("signal_"))(make(new_id()), ts=NOON)


SPAN = ("--from", "2022-01-17T12:00", "--to", "2022-01-17T13:00")


def test_stream_archive_and_postgres_give_the_same_session(
    settings: Settings, runner: Runner, connection: Connection, tmp_path: Path
) -> None:
    record_some(settings)
    data = {"SIGNALTAPE_DATA": str(tmp_path)}
    assert runner.run("replay", "archive", "--once", **data)[0] == 0
    assert runner.run("worker", "--once")[0] == 0
    built: list[tuple[str, list[Any]]] = []
    for source in ("stream", "archive", "postgres"):
        code, out, err = runner.run("replay", "build", *SPAN, "--source", source, **data)
        assert code == 0, err
        assert out.endswith(f": 64 events from {source}\n")
        folder = sessions_folder(tmp_path) / out.split()[1].rstrip(":")
        built.append((source, [(one.event_id, one.ts, one.data) for one in read_events(folder)]))
    assert built[0][1] == built[1][1] == built[2][1]
    code, out, _ = runner.run("replay", "build", *SPAN, **data)
    assert out.endswith("from stream\n"), "it covers the span: nothing was ever trimmed"
    code, out, _ = runner.run("replay", "list", "--json", **data)
    assert [one["source"] for one in json.loads(out)] == ["stream", "archive", "postgres", "stream"]


def test_a_trimmed_stream_and_a_cut_archive_are_not_taken_for_whole(
    settings: Settings, runner: Runner, connection: Connection, redis_client: Any, key: str, tmp_path: Path
) -> None:
    record_some(settings)
    data = {"SIGNALTAPE_DATA": str(tmp_path)}
    assert runner.run("replay", "archive", "--once", **data)[0] == 0
    assert runner.run("worker", "--once")[0] == 0
    assert redis_client.xtrim(key, maxlen=10, approximate=False) == 54
    assert runner.run("replay", "build", *SPAN, **data)[1].endswith(": 64 events from archive\n")
    assert runner.run("replay", "retention", **data, DATABASE_URL="")[0] == 0  # all but signals is too old
    assert runner.run("replay", "build", *SPAN, **data)[1].endswith(": 64 events from postgres\n")
    signals = ("--types", ",".join(SAMPLES))
    out = runner.run("replay", "build", *SPAN, *signals, **data)[1]
    assert out.endswith((": 4 events from stream\n", ": 4 events from archive\n")), "whatever was trimmed"


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
    status = asyncio.run(feed.run_async())
    assert [index for index, _ in seen] == list(range(10))
    assert seen[-1][1] - seen[0][1] >= 9 / 20 - 0.001
    assert status.drift_max_ms > 0
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
    code, out, err = runner.run("replay", "run", manifest.session_id, "--max", **data)
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
    assert runner.run("replay", "delete", name, **data)[0] == 0
    assert runner.run("replay", "show", name, **data)[2] == f"Error: there is no session {name}\n"


@pytest.fixture
def fresh(servers: Urls) -> Secret:
    """A database that was migrated and holds nothing."""
    with psycopg.connect(servers.database, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS fresh WITH (FORCE)")
        admin.execute("CREATE DATABASE fresh")
    url = servers.database.replace("@/postgres?", "@/fresh?")
    with psycopg.connect(url, autocommit=True) as connection:
        migrate(connection)
    return Secret(url)


def dump(database: Secret) -> str:
    tables = ("signal_events", "signals", "signal_*s", "signal_layers", "records*")
    arguments = [f"--table={one}" for one in tables]
    command = [str(postgres_bin() / "pg_dump"), "--data-only", *arguments, "-d", database.reveal()]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return "\n".join(line for line in out.splitlines() if not line.startswith("\\"))


def test_a_session_loaded_into_a_fresh_database_gives_the_same_dump_every_time(
    settings: Settings, runner: Runner, servers: Urls, fresh: Secret, tmp_path: Path
) -> None:
    record_some(settings)
    data = {"SIGNALTAPE_DATA": str(tmp_path)}
    code, out, err = runner.run("replay", "build", *SPAN, **data)
    assert code == 0, err
    name = out.split()[1].rstrip(":")
    dumps = []
    for _ in range(2):
        code, out, err = runner.run("replay", "load", name, **data, DATABASE_URL=fresh.reveal())
        assert (code, out) == (0, "loaded 64 of 64 events\n"), err
        dumps.append(dump(fresh))
        with psycopg.connect(fresh.reveal(), autocommit=True) as connection:
            connection.execute("TRUNCATE signal_events, signals, signal_triggers, signal_invalidations,"
                               " signal_closures, signal_layers, records")  # fmt: skip
    assert dumps[0] == dumps[1]
    assert dumps[0].count("\n") > 100
    assert runner.run("worker", "--once")[0] == 0
    code, _, err = runner.run("replay", "load", name, **data)
    assert code == 1
    assert "this database holds live events" in err


def test_a_hole_is_filled_from_stream_offsets(
    settings: Settings, runner: Runner, connection: Connection, redis_client: Any, key: str
) -> None:
    ids = [
        redis_client.xadd(key, {"event": name, "data": as_json(make(new_id()))}).decode()
        for name, make in list(SAMPLES.items()) * 5
    ]
    assert runner.run("worker", "--once")[0] == 0
    connection.execute("DELETE FROM signal_events WHERE entry_id = ANY(%s)", (ids[4:8],))
    connection.execute("DELETE FROM signals WHERE signal_id NOT IN (SELECT signal_id FROM signal_events)")
    span = ("--from", ids[2], "--to", ids[9])
    code, out, err = runner.run("replay", "stream", *span, "--dry-run")
    assert (code, out) == (
        0,
        "would store 4 of 8 entries, duplicates 4, conflicts 0, dead letters 0\n",
    ), err
    assert connection.execute("SELECT count(*) FROM signal_events").fetchone() == (16,)
    code, out, err = runner.run("replay", "stream", *span)
    assert out == "stored 4 of 8 entries, duplicates 4, conflicts 0, dead letters 0\n"
    assert connection.execute("SELECT count(*) FROM signal_events").fetchone() == (20,)
    assert runner.run("replay", "stream", "--from", "yesterday")[0] == 2
    assert "stored 0 of 20 entries" in runner.run("replay", "stream", "--from", "2022-01-01")[1]


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
    code, out, _ = runner.start_code(limited, **data).finish()
    assert code == 1
    assert "logging  WARN   journals:" in out


@pytest.mark.parametrize("name", ["../x", "/etc", "", ".hidden", "a/b", "x" * 65])
def test_session_ids_never_leave_their_folder(runner: Runner, tmp_path: Path, name: str) -> None:
    code, _, err = runner.run("replay", "delete", name, SIGNALTAPE_DATA=str(tmp_path))
    assert code == 1
    assert "a session id is made of letters" in err


def test_an_engine_in_replay_records_nothing(tmp_path: Path) -> None:
    settings = Settings(feature_event_logging=True, home=tmp_path / "home", run_mode="REPLAY")
    tape = Emitter(settings)
    assert not tape.enabled
    assert not tape.published(SAMPLES["signal_published"]())
    assert not (tmp_path / "home").exists()


def test_an_unreadable_session_says_so(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="there is no session gone"):
        ReplayFeed(tmp_path / "gone")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "manifest.json").write_text("{}")
    with pytest.raises(SessionError, match="session bad cannot be read: "):
        ReplayFeed(tmp_path / "bad")
