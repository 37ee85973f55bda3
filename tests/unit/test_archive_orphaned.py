"""A ledger that is deleted under whoever is at a file: who has the next one does not wait for its transaction."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from consumer.writing import SinkUnavailable
from replay.archive import ledger_files
from replay.archive.archiver import Archive
from replay.archive.atomic import write_beside
from replay.archive.keeping import keep_of
from replay.archive.ledger import Ledger
from replay.archive.retention import apply
from signaltape import Settings
from tests.support.archived import NOON, batch, built, record, write
from tests.support.waiting import ended

KEEP = keep_of(Settings())
LATER = NOON + timedelta(days=4)
FILE = Path("data/orders/day-2022-01-17.jsonl")
#: So long another archiver has for a batch before the first one goes on: it need not wait for it, or has to.
_BESIDE_S = 0.5


def order(number: int, days: int = 0) -> tuple[str, bytes]:
    line_id = f"00000000-0000-4000-8000-{number:012}"
    return record("order_log", NOON + timedelta(days=days), id=line_id, n=number)


def numbers(data: Path) -> list[int]:
    return sorted(event.data["n"] for event in built(data))


class Beside:
    """Another archiver: once the ledger is deleted it makes the next one, and appends order 5, as soon as it can."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._thread = threading.Thread(target=write, args=(data, [order(5)]))

    def loses_the_ledger(self) -> None:
        for path in (self._data / "data").glob("archive.db*"):
            path.unlink()
        self._thread.start()
        self._thread.join(_BESIDE_S)

    def ends(self) -> None:
        ended(self._thread)


@pytest.fixture
def beside(tmp_path: Path) -> Beside:
    return Beside(tmp_path)


def test_what_was_planned_by_a_ledger_that_is_gone_is_left_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beside: Beside
) -> None:
    settle = Ledger._settle

    def lose_and_settle(ledger: Ledger) -> None:
        monkeypatch.setattr(Ledger, "_settle", settle)
        beside.loses_the_ledger()
        settle(ledger)

    write(tmp_path, [order(0)])
    monkeypatch.setattr(Ledger, "_settle", lose_and_settle)
    report = apply(tmp_path, KEEP, LATER)
    beside.ends()
    assert report.errors == ["archive: the ledger was deleted or replaced meanwhile"]
    assert numbers(tmp_path) == [0, 5]


def test_nobody_has_the_next_ledger_amid_what_is_carried_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beside: Beside
) -> None:
    unlink = Path.unlink

    def lose_and_unlink(path: Path, missing_ok: bool = False) -> None:
        if path == tmp_path / FILE:
            monkeypatch.setattr(Path, "unlink", unlink)
            beside.loses_the_ledger()
        unlink(path, missing_ok=missing_ok)

    write(tmp_path, [order(0)])
    monkeypatch.setattr(Path, "unlink", lose_and_unlink)
    apply(tmp_path, KEEP, LATER)
    beside.ends()
    assert numbers(tmp_path) == [0, 5]


def test_nobody_appends_to_a_file_while_it_is_written_anew_by_a_ledger_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beside: Beside
) -> None:
    def write_and_lose(target: Path, chunks: Iterable[bytes]) -> Path:
        hidden = write_beside(target, chunks)
        monkeypatch.setattr(ledger_files, "write_beside", write_beside)
        beside.loses_the_ledger()
        return hidden

    write(tmp_path, [order(0), order(1, days=1)])
    other = tmp_path / "other"
    write(other, [order(1), order(2)])
    with (tmp_path / FILE).open("ab") as file:  # a crash left it there, and then it came for another day
        file.write((other / FILE).read_bytes())
    monkeypatch.setattr(ledger_files, "write_beside", write_and_lose)
    target = Archive(tmp_path)
    with pytest.raises(SinkUnavailable):
        target.write(batch(order(3)))
    beside.ends()
    target.write(batch(order(3)))
    target.close()
    assert numbers(tmp_path) == [0, 2, 3, 5]
