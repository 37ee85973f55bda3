"""What a session is built from: the source that holds most, and never a part taken for the whole in silence."""

from __future__ import annotations

import json
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from replay.archive import archiving, retention
from replay.archive.archiving import run_retention
from replay.archive.layout import sessions_folder
from replay.sessions.sources import read_stream
from signaltape import Settings
from signaltape.clock import utc_now
from signaltape.replay.session import read_events
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.support.archived import NOON, record
from tests.support.samples import SAMPLES, as_json, new_id

SPAN = ("--from", "2022-01-17T00:00", "--to", "2022-01-18T00:00")


def publish(client: Any, key: str, count: int) -> None:
    """Orders of noon, as a foreign producer adds them."""
    with client.pipeline(transaction=False) as pipe:
        for number in range(count):
            name, data = record("order_log", n=number)
            pipe.xadd(key, {"event": name, "data": data})
        pipe.execute()


def manifest_of(data: Path, out: str) -> dict[str, Any]:
    name = out.split()[1].rstrip(":")
    found: dict[str, Any] = json.loads((sessions_folder(data) / name / "manifest.json").read_text())
    return found


def test_a_stream_that_was_lost_and_refilled_is_not_taken_for_the_whole(
    settings: Settings, runner: Runner, connection: Connection, redis_client: Any, key: str, tmp_path: Path
) -> None:
    data = {"SIGNALTAPE_DATA": str(tmp_path)}
    publish(redis_client, key, 20)
    assert runner.run("worker", "--once")[0] == 0
    redis_client.delete(key)
    publish(redis_client, key, 1)
    assert runner.run("worker", "--once")[0] == 0
    assert runner.run("replay", "archive", "--once", **data)[0] == 0  # it is started late
    code, out, err = runner.run("replay", "build", *SPAN, **data)
    assert (code, out.endswith(": 21 events from postgres\n")) == (0, True), out + err
    assert "the sources differ, the fullest was taken: stream 1, archive 1, postgres 21" in err
    manifest = manifest_of(tmp_path, out)
    assert manifest["found"] == {"stream": 1, "archive": 1, "postgres": 21}
    assert manifest["missing"] == []
    code, out, err = runner.run("replay", "build", *SPAN, **data, DATABASE_URL="")
    assert out.endswith(": 1 events from stream\n"), "nothing else is there to compare with"


def test_what_only_another_source_holds_is_said(
    settings: Settings, runner: Runner, connection: Connection, redis_client: Any, key: str, tmp_path: Path
) -> None:
    data = {"SIGNALTAPE_DATA": str(tmp_path)}
    for _ in range(2):
        fields = {**SAMPLES["signal_published"](new_id()), "ts_published": NOON.isoformat()}
        redis_client.xadd(key, {"event": "signal_published", "data": as_json(fields)})
    assert runner.run("worker", "--once")[0] == 0
    redis_client.delete(key)
    publish(redis_client, key, 5)
    code, out, err = runner.run("replay", "build", *SPAN, **data)
    assert (code, out.endswith(": 5 events from stream\n")) == (0, True), err
    assert "may be incomplete: signals: 0 of at least 2, which postgres holds" in err
    missing = manifest_of(tmp_path, out)["missing"]
    assert missing[0] == "signals: 0 of at least 2, which postgres holds"
    assert missing[1].startswith("the stream begins at "), missing


def test_counts_are_of_what_was_asked_for_and_of_each_event_once(
    settings: Settings, runner: Runner, connection: Connection, redis_client: Any, key: str, tmp_path: Path
) -> None:
    names = ("order_log", "state_event", "market_trade", "trade_log")
    for number, name in enumerate(names * 3):
        one = record(name, symbol=f"S{number % 2}", id=f"0196f3a0-0000-7000-8000-{number:012}")
        for _ in range(2):  # sent again, as after an outage
            redis_client.xadd(key, {"event": one[0], "data": one[1]})
    typed = record("order_log", symbol="S0", eventType="SCORING_UPDATE")
    redis_client.xadd(key, {"event": typed[0], "data": typed[1]})
    data = {"SIGNALTAPE_DATA": str(tmp_path)}
    assert runner.run("replay", "archive", "--once", **data)[0] == 0
    assert runner.run("worker", "--once")[0] == 0
    for options, count in (
        ((), 13),
        (("--symbols", "S0"), 7),
        (("--types", "SCORING_UPDATE"), 4),
        (("--types", "ORDER_LOG,market_trade", "--symbols", "S0,S1"), 6),
        (("--types", "NOTHING"), 0),
    ):
        code, out, err = runner.run("replay", "build", *SPAN, *options, **data)
        assert code == 0, err
        assert manifest_of(tmp_path, out)["found"] == dict.fromkeys(("stream", "archive", "postgres"), count)
        assert f": {count} events from stream" in out


def test_a_source_that_is_away_does_not_stop_a_build_from_another(
    settings: Settings, runner: Runner, redis_client: Any, key: str, tmp_path: Path
) -> None:
    data = {"SIGNALTAPE_DATA": str(tmp_path)}
    publish(redis_client, key, 3)
    assert runner.run("replay", "archive", "--once", **data)[0] == 0
    gone = {"REDIS_URL": "redis://127.0.0.1:1/0", "DATABASE_URL": "postgresql://u:p@127.0.0.1:1/none"}
    code, out, err = runner.run("replay", "build", *SPAN, **data, **gone)
    assert (code, out.endswith(": 3 events from archive\n")) == (0, True), err
    assert "may be incomplete: stream could not be asked: " in err
    assert "may be incomplete: postgres could not be asked: " in err
    code, out, err = runner.run("replay", "build", *SPAN, **gone, SIGNALTAPE_DATA=str(tmp_path / "none"))
    assert (code, out) == (1, "")
    assert err.strip().startswith("Error: "), err
    assert "Traceback" not in err


def test_what_retention_deleted_is_said(
    settings: Settings, runner: Runner, redis_client: Any, key: str, tmp_path: Path
) -> None:
    data = {"SIGNALTAPE_DATA": str(tmp_path), "DATABASE_URL": ""}
    publish(redis_client, key, 3)
    assert runner.run("replay", "archive", "--once", **data)[0] == 0
    assert runner.run("replay", "retention", **data)[0] == 0
    redis_client.delete(key)
    code, out, err = runner.run("replay", "build", *SPAN, **data, REDIS_URL="")
    assert (code, out.endswith(": 0 events from archive\n")) == (0, True), err
    assert "orders: retention deleted lines of 2022-01-17 to 2022-01-17 from the archive" in err


def test_reading_a_live_stream_ends_where_it_ended_at_the_begin(redis_client: Any, key: str) -> None:
    publish(redis_client, key, 10)
    read = 0
    for entries in read_stream(redis_client, key):
        read += len(entries)
        publish(redis_client, key, 2500)
        assert read < 100, "it follows its own additions"
    assert read == 10


def test_every_step_of_retention_fails_by_itself(
    settings: Settings,
    connection: Connection,
    redis_client: Any,
    key: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish(redis_client, key, 10)
    settings = msgspec.structs.replace(settings, data=tmp_path, stream_retention_s=0)
    (tmp_path / "data").write_text("a file where a folder should be")

    def cannot(*_arguments: object, **_options: object) -> list[str]:
        raise ValueError("no such plan")

    monkeypatch.setattr(retention, "drop_partitions", cannot)
    redis_client.xgroup_create(key, "all", id="$")
    report = run_retention(settings, utc_now() + timedelta(seconds=1))
    assert [error.partition(":")[0] for error in report.errors] == ["archive", "postgres"]
    assert report.trimmedEntries == 9


def test_the_nightly_run_comes_again_whatever_became_of_the_last_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    errors = [sqlite3.OperationalError("database is locked"), ZeroDivisionError("odd"), RuntimeError("odder")]
    stop = threading.Event()

    def fails(*_arguments: object, **_options: object) -> Any:
        if errors:
            raise errors.pop(0)
        stop.set()
        raise ValueError("the last")

    monkeypatch.setattr(archiving, "_until_next", lambda _now: timedelta(0))
    monkeypatch.setattr(archiving, "run_retention", fails)
    archiving._retention_daily(settings, stop)
    assert caplog.text.count("it is tried again tomorrow") == 4


def test_the_stream_of_a_session_goes_with_it(
    settings: Settings, runner: Runner, redis_client: Any, key: str, tmp_path: Path
) -> None:
    data = {"SIGNALTAPE_DATA": str(tmp_path)}
    publish(redis_client, key, 3)
    names = []
    for _ in range(2):
        names.append(runner.run("replay", "build", *SPAN, **data)[1].split()[1].rstrip(":"))
        code, _, err = runner.run("replay", "run", names[-1], "--max", **data)
        assert code == 0, err
    streams = [f"{settings.stream}:replay:{name}" for name in names]
    assert redis_client.exists(*streams) == 2
    assert runner.run("replay", "delete", names[0], **data)[0] == 0
    assert redis_client.exists(*streams) == 1
    changed = msgspec.structs.replace(settings, data=tmp_path)
    run_retention(changed, utc_now() + timedelta(days=365))
    assert redis_client.exists(*streams) == 0


def test_an_event_that_came_twice_with_two_times_is_one_and_the_first(
    settings: Settings, runner: Runner, redis_client: Any, key: str, tmp_path: Path
) -> None:
    for number in range(2):  # without a time of its own it takes its entry's
        payload = {"id": "0196f3a0-0000-7000-8000-000000000001", "n": number}
        entry_id = f"{int(NOON.timestamp() * 1000) + number}-0"
        redis_client.xadd(key, {"event": "risk_snapshot", "data": json.dumps(payload)}, id=entry_id)
    code, out, err = runner.run("replay", "build", *SPAN, "--source", "stream", SIGNALTAPE_DATA=str(tmp_path))
    assert (code, out.endswith(": 1 events from stream\n")) == (0, True), out + err
    (event,) = read_events(sessions_folder(tmp_path) / out.split()[1].rstrip(":"))
    assert event.data["n"] == 0
