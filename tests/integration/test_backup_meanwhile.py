"""Backups while others are at work: retention, and somebody who makes another one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from psycopg.errors import LockNotAvailable

from deploy.backup import archive, database, operations
from deploy.backup.errors import BackupError
from replay.archive.layout import data_folder
from replay.archive.ledger import Ledger
from signaltape import Secret, Settings
from signaltape.clock import utc_now
from sink.db import Connection, connect
from tests.support.waiting import ended, eventually


def silent(_what: str, _done: int) -> None:
    pass


@pytest.fixture
def partition(connection: Connection) -> str:
    """Of today, with one record."""
    connection.execute("SELECT ensure_record_partitions(ARRAY[(now() AT TIME ZONE 'Asia/Jakarta')::date])")
    ((name,),) = connection.execute(
        "SELECT relid::text FROM pg_partition_tree('records') WHERE relid::text LIKE 'records_engine_day_%%'"
    ).fetchall()
    return str(name)


def test_retention_takes_no_partition_between_counting_and_dumping(
    settings: Settings,
    connection: Connection,
    partition: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the manifest counts is what the dump holds: else restoring a whole backup says that rows are missing."""
    dump, tried = database.dump, list[str]()

    def dump_then_retention(url: Secret, *rest: Any) -> None:
        dump(url, *rest)
        with connect(url) as retention:
            try:
                retention.execute("SELECT drop_record_partition(%s, 'infinity')", (partition,))
            except LockNotAvailable as error:
                tried.append(type(error).__name__)

    monkeypatch.setattr(database, "dump", dump_then_retention)
    operations.make(settings, tmp_path / "backups", utc_now(), progress=silent)
    assert tried == ["LockNotAvailable"]


def test_a_backup_and_who_changes_a_table_do_not_wait_for_each_other_for_ever(
    settings: Settings, connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They wait for what is counted, and the dump would wait behind them: nobody but the backup can see the circle."""
    dump, changing = database.dump, list[threading.Thread]()

    def change(url: Secret) -> None:
        with connect(url) as other, other.transaction():
            other.execute("ALTER TABLE signal_events ADD COLUMN more text")

    def dump_behind(url: Secret, *rest: Any) -> None:
        changing.append(threading.Thread(target=change, args=(url,), daemon=True))
        changing[0].start()
        eventually(lambda: connection.execute("SELECT FROM pg_locks WHERE NOT granted").fetchall())
        dump(url, *rest)

    monkeypatch.setattr(database, "dump", dump_behind)
    monkeypatch.setattr(database, "LOCK_WAIT_S", 0.2)
    with pytest.raises(BackupError, match="somebody changes tables"):
        operations.make(settings, tmp_path / "backups", utc_now(), progress=silent)
    ended(*changing)
    assert not list((tmp_path / "backups").glob("*/manifest*")), "nothing is left of it"


def test_a_second_backup_does_not_take_the_files_that_the_first_one_holds(tmp_path: Path) -> None:
    root = data_folder(tmp_path)
    (root / "signals").mkdir(parents=True)
    Ledger(root).close()
    (root / "system").mkdir()
    (root / "system" / "engine_snapshot.json").write_bytes(b"{}")
    with archive.held(tmp_path) as files:
        with pytest.raises(BackupError, match="another backup is being made"), archive.held(tmp_path):
            pass
        assert [one.path.read_bytes() for one in files] == [b"{}"]
    with archive.held(tmp_path) as again:
        assert len(again) == 1
