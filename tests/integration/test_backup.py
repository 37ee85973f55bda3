"""Backups: of one moment while all goes on, whole or refused, and with the stream behind them row for row what was."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.backup import operations
from deploy.backup.errors import BackupError
from deploy.backup.manifest import read_manifest
from deploy.embedded.servers import Urls
from replay.operations.archive import fill_from_archive, reprocess_stream
from replay.sessions.sources import Span
from signaltape import Secret, Settings
from signaltape.clock import utc_now
from sink.db import Connection, connect
from tests.integration.conftest import Runner, _database
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import SAMPLES, as_json, new_id
from tests.support.stored_rows import Rows, all_rows, differences
from tests.support.waiting import ended

#: Of what is read again: when it arrived.
ARRIVAL = {"*": ["received_at"]}
#: The worker counts what comes twice, and reading the stream again is nothing else; guard is told of each restoring.
OF_THE_RUN = {"sink_counters", "duplicate_counts", "guard_stamps"}


def silent(_what: str, _done: int) -> None:
    pass


def emit(client: Any, key: str, times: int) -> None:
    """Some of every kind of event, and records."""
    for _ in range(times):
        signal = new_id()
        for name, make in SAMPLES.items():
            client.xadd(key, {"event": name, "data": as_json(make(signal))})
        client.xadd(key, {"event": "order_log", "data": as_json(RECORD_SAMPLES["order_log"])})


@pytest.fixture
def tape(settings: Settings, tmp_path: Path) -> Settings:
    """With an archive of its own."""
    return Settings(
        **{**{name: getattr(settings, name) for name in settings.__struct_fields__}, "data": tmp_path}
    )


@pytest.fixture
def empty(servers: Urls, maker: Connection) -> Iterator[Secret]:
    """A database without any table."""
    maker.execute("CREATE DATABASE restored_into")
    yield Secret(_database(servers, "restored_into"))
    maker.execute("DROP DATABASE restored_into WITH (FORCE)")


def into(tape: Settings, database: Secret, data: Path) -> Settings:
    fields = {name: getattr(tape, name) for name in tape.__struct_fields__}
    return Settings(**{**fields, "database_url": database, "data": data})


def rows_of(database: Secret) -> Rows:
    with connect(database) as connection:
        found = all_rows(connection, ARRIVAL)
    return {table: rows for table, rows in found.items() if table not in OF_THE_RUN}


def archived(runner: Runner, tape: Settings) -> None:
    code, _, err = runner.run("replay", "archive", "--once", SIGNALTAPE_DATA=str(tape.data))
    assert code == 0, err


@contextmanager
def writing(runner: Runner, client: Any, key: str) -> Iterator[None]:
    """Somebody emits, and a worker stores, for as long as the block lasts."""
    stop = threading.Event()

    def go_on() -> None:
        while not stop.is_set():
            emit(client, key, 20)

    thread = threading.Thread(target=go_on)
    worker = runner.start("worker")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        ended(thread)
        worker.popen.terminate()
        worker.finish()


def test_a_lost_database_is_row_for_row_what_it_was(
    runner: Runner, tape: Settings, redis_client: Any, key: str, empty: Secret, tmp_path: Path
) -> None:
    emit(redis_client, key, 20)
    assert runner.run("worker", "--once")[0] == 0
    with writing(runner, redis_client, key):
        made = operations.make(tape, tmp_path / "backups", utc_now(), progress=silent)
    assert runner.run("worker", "--once")[0] == 0
    assert tape.database_url is not None
    was = rows_of(tape.database_url)
    assert was["signal_events"].total() > made.manifest.tables["signal_events"], "something came after it"
    anew = into(tape, empty, tmp_path / "anew")
    done = operations.restore(anew, Path(made.folder), utc_now(), progress=silent)
    assert done.differing == {}, "what was counted in the backup's moment is what is there"
    read_again = reprocess_stream(anew, done.resume_from)
    assert read_again.entries < redis_client.xlen(key), "not all of the stream was read again"
    assert [*differences(was, rows_of(empty))] == []


def test_what_no_stream_holds_any_more_comes_from_the_archive(
    runner: Runner, tape: Settings, redis_client: Any, key: str, empty: Secret, tmp_path: Path
) -> None:
    emit(redis_client, key, 5)
    assert runner.run("worker", "--once")[0] == 0
    made = operations.make(tape, tmp_path / "backups", utc_now(), progress=silent)
    emit(redis_client, key, 5)
    assert runner.run("worker", "--once")[0] == 0
    archived(runner, tape)
    assert tape.database_url is not None
    with connect(tape.database_url) as connection:
        was = all_rows(connection, {"*": ["received_at", "stream", "entry_id"]})
    redis_client.delete(key)
    anew = into(tape, empty, tape.data)
    operations.restore(anew, Path(made.folder), utc_now(), only="database", progress=silent)
    tried = fill_from_archive(anew, Span(utc_now() - timedelta(days=9999), utc_now()), dry_run=True)
    done = fill_from_archive(anew, Span(utc_now() - timedelta(days=9999), utc_now()))
    assert (done.outcome.dead, done.outcome.conflicts, done.bad) == (0, 0, "")
    assert done.outcome == tried.outcome
    with connect(empty) as connection:
        found = all_rows(connection, {"*": ["received_at", "stream", "entry_id"]})
    assert [one for one in differences(was, found) if not one.startswith(tuple(OF_THE_RUN))] == []


def test_the_archive_is_put_back_as_far_as_it_was_committed(
    runner: Runner, tape: Settings, redis_client: Any, key: str, empty: Secret, tmp_path: Path
) -> None:
    emit(redis_client, key, 5)
    archived(runner, tape)
    (file,) = (tape.data / "data" / "signals").glob("*.jsonl")
    committed = file.read_bytes()
    with file.open("ab") as torn:
        torn.write(b'{"_event":"signal_pub')
    made = operations.make(tape, tmp_path / "backups", utc_now(), progress=silent)
    assert not (tape.data / "data" / ".backup").exists()
    anew = into(tape, empty, tmp_path / "anew")
    assert operations.restore(anew, Path(made.folder), utc_now(), progress=silent).files >= 2
    assert (anew.data / "data" / "signals" / file.name).read_bytes() == committed
    emit(redis_client, key, 1)
    archived(runner, anew)
    lines = (anew.data / "data" / "signals" / file.name).read_bytes().splitlines()
    ids = [json.loads(line)["_id"] for line in lines]
    assert len(ids) == len(set(ids)) == len(committed.splitlines()) + len(SAMPLES), "each line once"


def test_a_compressed_file_is_not_copied_twice(
    runner: Runner, tape: Settings, redis_client: Any, key: str, tmp_path: Path
) -> None:
    emit(redis_client, key, 1)
    archived(runner, tape)
    packed = tape.data / "data" / "orders" / "day-2022-01-17.jsonl.zst"
    packed.parent.mkdir(exist_ok=True)
    packed.write_bytes(b"(any)")
    first = operations.make(tape, tmp_path / "backups", utc_now(), progress=silent)
    second = operations.make(
        tape, tmp_path / "backups", utc_now() + timedelta(seconds=2), keep=1, progress=silent
    )
    assert second.removed == [Path(first.folder).name]
    kept = Path(second.folder) / "archive" / "orders" / packed.name
    assert kept.read_bytes() == b"(any)", "it stays when the backup that it was copied for goes"


def test_a_backup_that_is_not_whole_is_refused_and_changes_nothing(
    tape: Settings, empty: Secret, tmp_path: Path
) -> None:
    folder = Path(operations.make(tape, tmp_path / "backups", utc_now(), progress=silent).folder)
    anew = into(tape, empty, tmp_path / "anew")
    whole = (folder / "database.dump").read_bytes()
    for spoiled, said in (
        (whole[:-100], "has .* bytes, it had"),
        (whole[:-1] + b"?", "the content of database.dump was altered"),
    ):
        (folder / "database.dump").write_bytes(spoiled)
        with pytest.raises(BackupError, match=said):
            operations.restore(anew, folder, utc_now(), progress=silent)
    (folder / "database.dump").unlink()
    with pytest.raises(BackupError, match=r"database.dump is missing; take an earlier one"):
        operations.verify(folder, progress=silent)
    with connect(empty) as connection:
        assert all_rows(connection) == {}


def test_what_is_not_empty_is_not_restored_into(
    tape: Settings, runner: Runner, empty: Secret, tmp_path: Path
) -> None:
    folder = operations.make(tape, tmp_path / "backups", utc_now(), progress=silent).folder
    code, _, err = runner.run("deploy.backup", "restore", folder, SIGNALTAPE_DATA=str(tmp_path / "anew"))
    assert (code, err.count("\n")) == (1, 1)
    assert "the database of DATABASE_URL is not empty" in err
    code, out, err = runner.run("deploy.backup", "list", "--to", str(tmp_path / "backups"))
    assert code == 0, err
    assert out.startswith("1 backups\n")


def test_guard_is_told_of_the_last_backup_and_of_the_last_one_restored(
    tape: Settings, connection: Connection, empty: Secret, tmp_path: Path
) -> None:
    now = utc_now()
    folder = Path(operations.make(tape, tmp_path / "backups", now, progress=silent).folder)
    assert connection.execute("SELECT what, at, says FROM guard_stamps").fetchall() == [
        ("backup", now, folder.name)
    ]
    operations.restore(into(tape, empty, tmp_path / "anew"), folder, now, progress=silent)
    with connect(empty) as restored:
        assert restored.execute("SELECT what, says FROM guard_stamps").fetchall() == [
            ("restore", folder.name)
        ]


def test_what_runs_with_its_owners_rights_is_nobodys_until_rights_are_given_again(
    tape: Settings, empty: Secret, tmp_path: Path
) -> None:
    """A dump restored without its rights would let whoever may connect drop partitions."""
    folder = Path(operations.make(tape, tmp_path / "backups", utc_now(), progress=silent).folder)
    operations.restore(into(tape, empty, tmp_path / "anew"), folder, utc_now(), progress=silent)
    with connect(empty) as restored:
        open_to_all = restored.execute(
            "SELECT p.proname FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a "
            "WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace AND a.grantee = 0"
        ).fetchall()
    assert open_to_all == []


def test_a_manifest_never_leads_out_of_its_folder(tape: Settings, tmp_path: Path) -> None:
    folder = Path(operations.make(tape, tmp_path / "backups", utc_now(), progress=silent).folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["archive/../../../outside"] = {"bytes": 0, "sha256": ""}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BackupError, match="lies outside of it"):
        read_manifest(folder)
    shutil.rmtree(folder)


def test_without_a_schema_or_a_server_it_is_one_line(
    tape: Settings, runner: Runner, empty: Secret, tmp_path: Path
) -> None:
    for url, said in (
        (empty.reveal(), "this database holds no signaltape"),
        ("postgresql://nobody:hunter2@127.0.0.1:1/x", "Connection refused"),
    ):
        code, _, err = runner.run("deploy.backup", "make", "--to", str(tmp_path / "b"), DATABASE_URL=url)
        assert (code, err.count("\n")) == (1, 1), err
        assert said in err
        assert "hunter2" not in err
    assert [path.name for path in (tmp_path / "b").iterdir()] == [".lock"], "nothing is left of them"
