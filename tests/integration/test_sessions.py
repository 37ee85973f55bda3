"""Sessions: exactly their span, the same from every source, also in a database; and it is told what is not whole."""

from __future__ import annotations

import hashlib
import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from deploy.embedded.binaries import postgres_bin
from deploy.embedded.servers import Urls
from replay.archive.layout import sessions_folder
from replay.sessions import build as building
from replay.sessions.sources import Span
from signaltape import Secret, Settings
from signaltape.replay import ReplayFeed, SessionError
from signaltape.replay.session import read_events
from sink.admin.migrate import migrate
from sink.db import Connection
from tests.integration.archiving import NOON
from tests.integration.conftest import Runner
from tests.integration.replaying import HOUR, SPAN, archived, numbers, record_some, session
from tests.support.samples import SAMPLES, as_json, new_id
from tests.support.waiting import LONGEST_S


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
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=LONGEST_S).stdout
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


@pytest.mark.parametrize("name", ["../x", "/etc", "", ".hidden", "a/b", "x" * 65])
def test_session_ids_never_leave_their_folder(runner: Runner, tmp_path: Path, name: str) -> None:
    code, _, err = runner.run("replay", "delete", name, SIGNALTAPE_DATA=str(tmp_path))
    assert code == 1
    assert "a session id is made of letters" in err


def test_an_unreadable_session_says_so(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="there is no session gone"):
        ReplayFeed(tmp_path / "gone")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "manifest.json").write_text("{}")
    with pytest.raises(SessionError, match="session bad cannot be read: "):
        ReplayFeed(tmp_path / "bad")
