"""From an engine that only publishes to its outcome in the view that reports read: every part a real process."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from signaltape import Emitter, Settings
from sink.db import Connection, rows_as_dicts
from tests.integration.conftest import Process, Runner
from tests.support.ghosting import SOL, at
from tests.support.samples import new_id
from tests.support.waiting import eventually

OUTCOME = b"SELECT * FROM signal_outcomes WHERE signal_id = %s"


@pytest.fixture
def running(runner: Runner) -> Iterator[list[Process]]:
    processes = [runner.start("worker"), runner.start("ghost")]
    yield processes
    for process in processes:
        process.popen.send_signal(signal.SIGTERM)
        assert process.finish(20)[0] == 0


def candle(tape: Emitter, end: datetime, *prices: float) -> None:
    names = ("open", "high", "low", "close")
    fields = dict(zip(names, prices, strict=True))
    assert tape.market("candle", symbol=SOL, interval="1m", timestamp=end, volume=5, **fields)


def publish(tape: Emitter, **more: Any) -> str:
    signal_id = new_id()
    assert tape.published(
        signal_id=signal_id,
        symbol=SOL,
        confluence_score=0.8,
        rr=2,
        scenarios={"primary": {"side": "short"}},
        expiry_minutes=30,
        ts_published=at(0),
        entry=100.05,
        sl=100.55,
        tp=99.05,
        **more,
    )
    return signal_id


@pytest.mark.usefixtures("running")
def test_an_engine_that_only_publishes_learns_its_outcome(settings: Settings, connection: Connection) -> None:
    with Emitter(settings, strict=True) as tape:
        tracked, ours, untracked = publish(tape, track=True), publish(tape, track=True), publish(tape)
        candle(tape, at(60), 100, 100.2, 99.9, 100.1)
        tape.closed(signal_id=ours, symbol=SOL, rr_realized=1.5, time_in_trade_ms=60_000, exit_reason="tp")
        candle(tape, at(120), 100, 100, 99, 99.1)
    (found,) = eventually(lambda: _with_outcome(connection, tracked))
    assert (found["outcome_from"], found["rr_realized"], found["exit_reason"]) == ("ghost", Decimal(2), "tp")
    assert found["rr_best"] == Decimal(2)
    (theirs,) = eventually(lambda: _with_ghost(connection, ours))
    assert (theirs["outcome_from"], theirs["rr_realized"]) == ("engine", Decimal("1.5"))
    assert theirs["ghost_rr"] == Decimal(2)
    assert rows_as_dicts(connection, OUTCOME, (untracked,))[0]["outcome_from"] is None
    eventually(lambda: _trades(connection) == (2,))
    assert connection.execute("SELECT count(*) FROM dead_letters").fetchone() == (0,)


def _with_outcome(connection: Connection, signal_id: str) -> list[dict[str, Any]]:
    return [row for row in rows_as_dicts(connection, OUTCOME, (signal_id,)) if row["outcome_from"]]


def _with_ghost(connection: Connection, signal_id: str) -> list[dict[str, Any]]:
    return [row for row in rows_as_dicts(connection, OUTCOME, (signal_id,)) if row["ghost_rr"] is not None]


def _trades(connection: Connection) -> Any:
    query = "SELECT count(*) FROM records WHERE event = 'trade_log' AND payload->>'source' = 'ghost'"
    return connection.execute(query).fetchone()
