"""The freqtrade example: a trade becomes a signal, published, triggered and closed, in R."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from deploy.examples.freqtrade_tape import Taped
from signaltape.journal.reader import JournalPosition, JournalReader

OPENED = datetime(2022, 1, 18, 3, 0, tzinfo=UTC)


class Strategy:
    """What IStrategy is to the mixin."""

    stoploss = -0.02
    timeframe = "5m"

    def __init__(self, runmode: str) -> None:
        self.config = {"runmode": SimpleNamespace(value=runmode)}
        self.filled = 0

    def order_filled(self, pair: str, trade: Any, order: Any, current_time: datetime, **_: Any) -> None:
        self.filled += 1


class Mine(Taped, Strategy):
    tape_rules_version = "my-rules-1"


def trade(**changes: Any) -> SimpleNamespace:
    fields = {
        "id": 7,
        "pair": "BTC/USDT:USDT",
        "entry_side": "buy",
        "is_short": False,
        "is_open": True,
        "nr_of_successful_entries": 1,
        "enter_tag": "0.82",
        "open_rate": 100.0,
        "open_date_utc": OPENED,
        "initial_stop_loss": 98.0,
        "leverage": 1.0,
        "fee_open": 0.001,
        "fee_close": 0.001,
        "close_rate": None,
        "exit_reason": None,
    }
    return SimpleNamespace(**{**fields, **changes})


def order(side: str) -> SimpleNamespace:
    return SimpleNamespace(ft_order_side=side, order_date_utc=OPENED)


@pytest.fixture
def strategy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Mine:
    monkeypatch.setenv("FEATURE_EVENT_LOGGING", "true")
    monkeypatch.setenv("SIGNALTAPE_HOME", str(tmp_path))
    monkeypatch.delenv("REDIS_URL", raising=False)
    made = Mine("dry_run")
    made.bot_start()
    return made


def recorded(strategy: Mine) -> list[tuple[str, dict[str, Any]]]:
    folder = strategy.tape.journal_folder
    assert folder is not None
    items = JournalReader(folder, JournalPosition(0, 0, 0)).read(100, 1 << 20)
    return [(one.frame.name.decode(), msgspec.json.decode(one.frame.data)) for one in items]


def fill(strategy: Mine, one: SimpleNamespace, side: str, minutes: int) -> None:
    now = OPENED + timedelta(minutes=minutes)
    strategy.order_filled(pair=one.pair, trade=one, order=order(side), current_time=now)


def test_a_trade_is_a_signal_from_entry_to_exit(strategy: Mine) -> None:
    fill(strategy, trade(), "buy", 1)
    fill(strategy, trade(nr_of_successful_entries=2), "buy", 2)  # a later entry is no signal of its own
    fill(strategy, trade(is_open=True), "sell", 3)  # nor is a part that is sold
    fill(strategy, trade(is_open=False, close_rate=103.0, exit_reason="roi"), "sell", 15)
    (_, published), (_, triggered), (name, closed) = recorded(strategy)
    assert (published["confluence_score"], published["side"], published["sl"]) == (0.82, "long", 98.0)
    assert (published["rules_version"], published["setup"]) == ("my-rules-1", "Mine")
    assert triggered["time_to_trigger_ms"] == 60_000
    assert (name, closed["rr_realized"], closed["exit_reason"]) == ("signal_closed", 1.5, "tp")
    assert closed["fees_r"] == pytest.approx(0.1015)
    assert closed["time_in_trade_ms"] == 900_000
    assert published["signal_id"] == triggered["signal_id"] == closed["signal_id"]
    assert strategy.filled == 4


def test_a_short_is_counted_the_other_way_and_its_stop_may_come_from_the_strategy(strategy: Mine) -> None:
    short = {"is_short": True, "entry_side": "sell", "initial_stop_loss": None}
    fill(strategy, trade(**short), "sell", 1)
    fill(strategy, trade(**short, is_open=False, close_rate=102.0, exit_reason="stop_loss"), "buy", 2)
    (_, published), _, (_, closed) = recorded(strategy)
    assert (published["side"], published["sl"]) == ("short", 102.0)
    assert (closed["rr_realized"], closed["exit_reason"]) == (-1.0, "sl")


def test_a_trade_without_a_score_is_refused_and_nothing_raises(strategy: Mine) -> None:
    fill(strategy, trade(enter_tag="breakout"), "buy", 1)
    assert [name for name, _ in recorded(strategy)] == ["signal_triggered"]
    assert strategy.tape.stats()["refused"] == 1


def test_a_backtest_is_not_recorded(strategy: Mine) -> None:
    other = Mine("backtest")
    other.bot_start()
    assert not other.tape.enabled
