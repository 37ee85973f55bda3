"""Sessions built beside compression, retention and its failures: each line once, and what is missing is said."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from replay.archive import retention
from replay.archive.atomic import write_beside
from replay.archive.files import archive_files
from replay.archive.keeping import Keep, keep_of
from replay.archive.layout import sessions_folder
from replay.archive.ledger import Ledger
from replay.archive.retention import apply
from replay.sessions import build as building
from replay.sessions import sessions
from replay.sessions.build import build
from replay.sessions.sources import ArchiveSource, Keyed
from replay.sessions.steering import Steering
from signaltape import Settings
from signaltape.replay import Controls, Player
from tests.support.archived import DAY, NOON, record, write
from tests.support.archived import built as built_now
from tests.support.waiting import LONGEST_S, next_line

KEEP = keep_of(Settings(keep_market_hours=24 * 365, keep_sessions_days=1))
LATER = NOON + timedelta(days=60)


def trade(symbol: str, number: int) -> tuple[str, bytes]:
    return record("market_trade", NOON + timedelta(seconds=number), symbol=symbol, n=number)


def compress(data: Path) -> None:
    report = apply(data, KEEP, LATER)
    assert not report.errors
    assert report.compressedFiles


def keys(lines: Iterator[Keyed]) -> list[str]:
    """Symbols and numbers in the order in which they are read."""
    return [f"{head.symbol}{head.ts[17:19]}" for *_, head in lines]


def test_a_file_that_is_compressed_and_begun_anew_beside_a_build_is_read_whole(tmp_path: Path) -> None:
    write(tmp_path, [trade("A", 0), trade("B", 1), trade("B", 2)])
    lines = ArchiveSource(tmp_path).lines(DAY)
    assert next(lines)[3].symbol == "A"
    compress(tmp_path)
    write(tmp_path, [trade("B", 3)], first=3)
    assert sorted(keys(lines)) == ["B01", "B02", "B03"]


def test_lines_that_are_compressed_while_they_are_counted_count_once(tmp_path: Path) -> None:
    write(tmp_path, [trade("B", 1)])
    compress(tmp_path)
    write(tmp_path, [trade("B", 2), trade("B", 3)], first=2)
    source = ArchiveSource(tmp_path)
    lines = source.lines(DAY)
    first = next(lines)
    compress(tmp_path)
    assert sorted([*keys(iter([first])), *keys(lines)]) == ["B01", "B02", "B03"]


def test_a_compressed_form_that_cannot_be_put_in_its_place_leaves_the_plain_one(tmp_path: Path) -> None:
    write(tmp_path, [trade("B", 1)])
    plain = tmp_path / "data/market/B/day-2022-01-17.jsonl"
    blocked = plain.with_name(plain.name + ".zst")

    def block(*_arguments: Any) -> None:
        blocked.mkdir()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retention, "check_whole", block)
        patch.setattr(retention, "_chunks", lambda _path: iter(()))
        assert apply(tmp_path, KEEP, LATER).errors
    assert plain.exists()
    blocked.rmdir()
    assert [event.data["n"] for event in built_now(tmp_path)] == [1]


def test_what_a_failed_transaction_left_is_not_taken_for_what_was_planned_before(tmp_path: Path) -> None:
    """A plan that is committed and not carried out; then one for the same file that fails half-way."""
    ledger = Ledger(tmp_path)
    target = tmp_path / "summary.json"
    target.mkdir()  # so it cannot be carried out
    with pytest.raises(OSError, match="directory"), ledger.transaction():
        ledger.plan_replace(target.name, write_beside(target, [b"whole"]).name)
    target.rmdir()
    with pytest.raises(ZeroDivisionError), ledger.transaction():
        target.with_name(f".{target.name}.new").write_bytes(b"ha")
        raise ZeroDivisionError
    with ledger.transaction():
        pass
    ledger.close()
    assert target.read_bytes() == b"whole"


def test_what_could_not_be_written_does_not_fill_the_disk(tmp_path: Path) -> None:
    def fill() -> Iterator[bytes]:
        yield b"much"
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_beside(tmp_path / "file", fill())
    assert not list(tmp_path.iterdir())


def test_a_file_that_could_not_be_deleted_is_not_reported_as_deleted(tmp_path: Path) -> None:
    write(tmp_path, [trade("B", 1)])
    (tmp_path / "data/summaries").write_text("no folder")
    report = apply(tmp_path, keep_of(Settings()), LATER)
    assert report.errors
    assert report.deletedFiles == []
    assert (tmp_path / "data/market/B/day-2022-01-17.jsonl").exists()


@pytest.mark.parametrize("keep", [KEEP, keep_of(Settings())])
def test_two_retentions_at_the_same_hour_are_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: Keep
) -> None:
    write(tmp_path, [trade("A", 0), trade("B", 1)])
    found = archive_files

    def after_the_other(root: Path, folder: str) -> list[Path]:
        mine = found(root, folder)
        if mine:
            monkeypatch.setattr(retention, "archive_files", found)
            assert not apply(tmp_path, keep, LATER).errors
        return mine

    monkeypatch.setattr(retention, "archive_files", after_the_other)
    report = apply(tmp_path, keep, LATER)
    assert (report.errors, report.deletedFiles, report.compressedFiles) == ([], [], [])


def session(data: Path) -> Path:
    write(data, [trade("A", 0), trade("B", 1)])
    manifest = build(data, ArchiveSource(data), DAY, now=datetime.now(UTC))
    return sessions_folder(data) / manifest.session_id


def test_a_session_whose_deletion_was_cut_short_is_gone_and_its_rest_with_the_next_retention(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = session(tmp_path)

    def die(path: Path) -> None:
        (path / "manifest.json").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shutil, "rmtree", die)
        sessions.delete_session(folder)
    assert not folder.exists()
    report = apply(tmp_path, KEEP, datetime.now(UTC) + timedelta(days=2))
    assert not report.errors
    assert not list(sessions_folder(tmp_path).iterdir())


def test_a_session_that_begins_to_be_played_just_now_is_not_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = session(tmp_path)
    steering = Steering(folder, Controls())
    monkeypatch.setattr(retention, "is_running", lambda _folder: False)  # as it was a moment ago
    report = apply(tmp_path, KEEP, datetime.now(UTC) + timedelta(days=2))
    assert (folder / "events.jsonl").exists()
    assert f"replay/sessions/{folder.name}" not in report.deletedFiles
    steering.close()


def test_a_replay_whose_session_was_deleted_does_not_make_its_folder_again(tmp_path: Path) -> None:
    folder = session(tmp_path)
    steering = Steering(folder, Controls())
    player = Player(folder, look=steering)
    player.run(lambda _event: shutil.rmtree(folder, ignore_errors=True))
    steering.close()
    assert not folder.exists()


def test_what_went_away_between_counting_and_building_is_said(tmp_path: Path) -> None:
    write(tmp_path, [trade("A", 0), trade("B", 1)])
    source = ArchiveSource(tmp_path)
    found = {source.name: source.count(DAY).total()}
    assert not apply(tmp_path, keep_of(Settings()), LATER).errors
    manifest = build(tmp_path, source, DAY, now=datetime.now(UTC), found=found)
    assert manifest.total_events == 0
    assert any("2" in one for one in manifest.missing)


#: Opens a ledger in each folder that it is told, and says so.
_OPENER = """
import sys
from pathlib import Path
from replay.archive.ledger import Ledger
for line in sys.stdin:
    Ledger(Path(line.strip())).close()
    print("opened", flush=True)
"""


def test_several_that_open_a_new_ledger_at_once_all_can(tmp_path: Path) -> None:
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", _OPENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for number in range(20):  # it goes wrong in one of some
        for opener in openers:
            assert opener.stdin is not None
            opener.stdin.write(f"{tmp_path / str(number)}\n")
            opener.stdin.flush()
        for opener in openers:
            assert opener.stdout is not None
            next_line(opener.stdout)
    said = [opener.communicate(timeout=LONGEST_S) for opener in openers]
    assert [opener.returncode for opener in openers] == [0] * 3, said


def test_a_session_that_is_deleted_meanwhile_troubles_nobody_who_opens_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, scandir = session(tmp_path), os.scandir

    def delete_and_list(path: Any) -> Any:
        if path == folder:
            folder.rename(tmp_path / "gone")
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", delete_and_list)
        Ledger(tmp_path / "data").close()


def test_a_session_of_very_many_lines_opens_few_files_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "RUN_LINES", 3)
    write(tmp_path, [trade("A", (number * 7) % 3000) for number in range(3000)])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (400, hard))
    try:
        found = [event.data["n"] for event in built_now(tmp_path)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert found == list(range(3000))
