"""The folders of backups: whole or not listed, made by one at a time, and the one just made never goes."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.backup import archive
from deploy.backup.errors import BackupError
from deploy.backup.folders import alone, backups, new_backup, readable, remove_old
from deploy.backup.manifest import NAME, VERSION, Kept, Manifest, read_manifest, write_manifest
from signaltape.clock import utc_now


def manifest(**files: Kept) -> Manifest:
    return Manifest(VERSION, utc_now(), 1, "-", {}, files)


def made(place: Path, name: str) -> Path:
    folder = place / name
    folder.mkdir(parents=True)
    write_manifest(folder, manifest())
    return folder


@pytest.mark.parametrize(
    "name", ["archive//outside", "archive/../beside", "/outside", "archive/./a", "..", ""]
)
def test_a_file_has_one_plain_path_below_its_backup(name: str, tmp_path: Path) -> None:
    folder = made(tmp_path, "backup-20260101T000000")
    write_manifest(folder, manifest(**{name: Kept(0, "")}))
    with pytest.raises(BackupError, match="lies outside of it"):
        read_manifest(folder)


def test_two_that_make_one_at_once_do_not_take_each_others_files(tmp_path: Path) -> None:
    now = utc_now()
    with new_backup(tmp_path, now) as (folder, final):
        (folder / "database.dump").write_bytes(b"rows")
        second = new_backup(tmp_path, now + timedelta(seconds=1))
        with pytest.raises(BackupError, match="another backup is being made"), second:
            pass
        assert (folder / "database.dump").read_bytes() == b"rows"
        write_manifest(folder, manifest())
    assert backups(tmp_path) == [final]
    with new_backup(tmp_path, now + timedelta(seconds=2)):
        pass


def test_a_place_that_cannot_be_written_to_is_not_told_as_another_backup(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), alone(tmp_path / "gone" / ".lock"):
        pass


def test_one_that_cannot_be_read_ends_neither_the_list_nor_the_next_backup(tmp_path: Path) -> None:
    whole = made(tmp_path, "backup-20260101T000000")
    (made(tmp_path, "backup-20260102T000000") / NAME).write_bytes(b"")
    newer = made(tmp_path, "backup-20260103T000000") / NAME
    newer.write_text(json.dumps({**json.loads(newer.read_text()), "version": VERSION + 1}))
    assert [path for path, _ in readable(tmp_path)] == [whole]


def test_the_one_just_made_stays_though_the_clock_was_set_back(tmp_path: Path) -> None:
    later = made(tmp_path, "backup-20990101T000000")
    new = made(tmp_path, "backup-20260101T000000")
    assert remove_old(tmp_path, 1, new) == [later]
    assert backups(tmp_path) == [new]


def test_one_that_cannot_be_read_does_not_push_out_a_whole_one(tmp_path: Path) -> None:
    whole = made(tmp_path, "backup-20260101T000000")
    (made(tmp_path, "backup-20260102T000000") / NAME).write_bytes(b"")
    new = made(tmp_path, "backup-20260103T000000")
    remove_old(tmp_path, 2, new)
    assert whole.exists()


def test_one_that_went_halfway_is_no_backup_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = made(tmp_path, "backup-20260101T000000"), made(tmp_path, "backup-20260102T000000")

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, suppress(KeyboardInterrupt):
        patched.setattr(shutil, "rmtree", killed)
        remove_old(tmp_path, 1, new)
    assert backups(tmp_path) == [new]
    assert not old.exists()
    with new_backup(tmp_path, utc_now()):
        pass
    assert not [*tmp_path.glob("*.unfinished")], "the next one clears it away"


def test_an_archive_that_was_put_back_halfway_is_none_yet(tmp_path: Path) -> None:
    folder, data = made(tmp_path, "backup-20260101T000000"), tmp_path / "data"
    day = folder / "archive" / "signals" / "day-2026-01-01.jsonl"
    day.parent.mkdir(parents=True)
    day.write_bytes(b"{}\n")
    files = {f"archive/signals/{name}": Kept(3, "") for name in (day.name, "day-2026-01-02.jsonl")}
    with pytest.raises(FileNotFoundError):
        archive.put_back(folder, files, data, lambda *_: None)
    archive.refuse_a_used_one(data)
    assert archive.put_back(folder, dict([*files.items()][:1]), data, lambda *_: None) == 1
    assert [one.name for one in (data / "data").rglob("*")] == ["signals", day.name]
