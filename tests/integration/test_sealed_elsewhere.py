"""A record that moved to another server, one that seals and freezes, and clocks that differ."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.backup.database import dump, one_moment, restore
from replay.archive.archiving import run_retention
from signaltape import Secret, Settings
from signaltape.clock import utc_now
from signaltape.errors import SignaltapeError
from sink import operations, quality
from sink.db import Connection, connect
from sink.sealing.sealing import _late
from sink.sealing.stored import seals
from tests.support.sealing import FIRST, arrive, intact, noon, seal_all, sealed_days


def test_a_record_that_was_dumped_and_restored_is_the_same_and_goes_on(
    database: Secret, connection: Connection, maker: Connection, tmp_path: Path
) -> None:
    ids = sealed_days(connection)
    quality.purge(connection, ids[1][0])
    with one_moment(database) as moment:
        dump(database, moment, tmp_path / "dump", lambda _what, _done: None)
    name = f"{connection.info.dbname}_restored"
    maker.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
    try:
        url = Secret(database.reveal().replace(connection.info.dbname, name))
        restore(url, tmp_path / "dump", lambda _what, _done: None)
        with connect(url) as other:
            assert seals(other) == seals(connection)
            assert intact(other).purged == 4
            quality.purge(other, ids[2][0])
            for table in ("signal_event_days", "signal_event_names"):
                other.execute(f"DELETE FROM {table} WHERE day = %s".encode(), (seals(connection)[-1].day,))
            arrive(other, noon(1), 1)
            (seal,) = seal_all(other)
            assert (seal.content.late, seal.content.purges) == (4, 8)
            assert (intact(other).rows, intact(other).purged) == (20, 8)
    finally:
        maker.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.mark.parametrize("how", ["the command", "retention"])
def test_who_seals_and_freezes_does_not_keep_others_from_purging(
    settings: Settings, connection: Connection, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """It stands still amid its transaction until another one has purged; then the server has ended its session."""
    for place in ("sink.operations", "replay.archive.archiving"):
        monkeypatch.setattr(f"{place}.MOST_IDLE_S", 0.1)
    ids = arrive(connection, noon(0))
    frozen, purged = threading.Event(), threading.Event()
    told: list[object] = []

    def freeze(*given: Any, **named: Any) -> Any:
        frozen.set()
        purged.wait(60)
        return _late(*given, **named)

    monkeypatch.setattr("sink.sealing.sealing._late", freeze)

    def work() -> None:
        try:
            told.append(
                operations.seal(settings) if how == "the command" else run_retention(settings, utc_now())
            )
        except SignaltapeError as error:
            told.append(error)

    sealer = threading.Thread(target=work, daemon=True)
    sealer.start()
    assert frozen.wait(60)
    connection.execute("SET lock_timeout = '30s'")
    assert quality.purge(connection, ids[0]) == 4
    purged.set()
    sealer.join(60)
    assert "idle-in-transaction timeout" in str(told[0])


def test_a_day_is_over_only_by_both_clocks(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's may be ahead for a while; then it would seal days to come."""
    for number in range(4):
        arrive(connection, noon(number))
    monkeypatch.setattr("sink.sealing.sealing.utc_now", lambda: noon(2))
    assert [one.day for one in seal_all(connection)] == [FIRST, FIRST + timedelta(days=1)]
