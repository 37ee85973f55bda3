"""Backups while others are at work: retention, and somebody who makes another one."""

from __future__ import annotations

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
