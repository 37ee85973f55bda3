"""What the archive says is safe survives a power cut: contents are synced, and the names they are found under."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from replay.archive.keeping import keep_of
from replay.archive.ledger import Ledger
from replay.archive.retention import apply
from signaltape import Settings
from tests.support.archived import NOON, record, write

LATER = NOON + timedelta(days=10)
KEEP = keep_of(Settings(keep_orders_days=3650, keep_market_hours=1))


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files and folders in the order in which they are synced."""
    found: list[Path] = []
    real = os.fsync

    def note(fd: int) -> None:
        found.append(Path(f"/proc/self/fd/{fd}").readlink())
        real(fd)

    monkeypatch.setattr(os, "fsync", note)
    return found


def test_the_folders_of_a_new_file_are_safe_with_it(tmp_path: Path, synced: list[Path]) -> None:
    write(tmp_path, [record("market_trade", symbol="S")])
    root = tmp_path / "data"
    assert {root / "market" / "S", root / "market", root, tmp_path} <= set(synced)


def test_a_file_that_a_crash_left_is_taken_over_with_its_name(tmp_path: Path, synced: list[Path]) -> None:
    write(tmp_path / "other", [record("order_log", n=1)])
    write(tmp_path, [record("trade_log", n=2)])
    orders = tmp_path / "data/orders"
    (tmp_path / "other/data/orders").rename(orders)
    synced.clear()
    write(tmp_path, [record("order_log", n=3)], first=3)
    assert orders in synced
    assert tmp_path / "data" in synced


def test_the_latest_snapshot_is_safe_under_its_name(tmp_path: Path, synced: list[Path]) -> None:
    write(tmp_path, [record("risk_snapshot", n=1)])
    synced.clear()
    write(tmp_path, [record("risk_snapshot", NOON + timedelta(minutes=1), n=2)], first=1)
    assert tmp_path / "data/system" in synced


def test_what_is_to_replace_a_file_is_safe_before_that_is_planned(
    tmp_path: Path, synced: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else, after a power cut, it would count as moved already, and the file that it replaces would be deleted."""
    write(tmp_path, [record("order_log", n=1), record("market_trade", symbol="S", n=2)])
    synced.clear()
    plan, planned = Ledger.plan_replace, []

    def check(self: Ledger, target: str, source: str) -> None:
        hidden = tmp_path / "data" / source
        assert hidden.parent in synced[synced.index(hidden) :]
        planned.append(target)
        plan(self, target, source)

    monkeypatch.setattr(Ledger, "plan_replace", check)
    assert not apply(tmp_path, KEEP, LATER).errors
    assert planned == ["orders/day-2022-01-17.jsonl.zst", "summaries/market/day-2022-01-17.json"]
    assert {tmp_path / "data/summaries", tmp_path / "data"} <= set(synced)
