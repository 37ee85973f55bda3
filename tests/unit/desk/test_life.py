"""What became of a signal: the same whatever comes first, and again."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from desk.alerts.life import Life, dump, life_lines, load, with_event
from signaltape import InvalidEvent
from tests.support.alerts import SIGNAL_ID, TWO
from tests.support.samples import as_json

MINUTE = timedelta(minutes=1)
EVENTS: dict[str, dict[str, Any]] = {
    "signal_triggered": {"ts": TWO + 8 * MINUTE, "entry_fill": 64100, "time_to_trigger_ms": 420_000},
    "signal_closed": {
        "ts": TWO + 23 * MINUTE,
        "rr_realized": Decimal("1.65"),
        "time_in_trade_ms": 900_000,
        "exit_reason": "tp",
    },
    "signal_invalidated": {"ts": TWO + 30 * MINUTE, "reason": "expiry"},
}


def sent(name: str, **changes: Any) -> tuple[str, bytes, datetime]:
    fields = {"signal_id": SIGNAL_ID, "symbol": "BTC-USDT", **EVENTS[name], **changes}
    return name, as_json(fields), TWO


@pytest.mark.parametrize("order", list(permutations(EVENTS)))
def test_the_order_of_its_events_does_not_matter(order: tuple[str, ...]) -> None:
    life = Life()
    for name in (*order, *order):
        life = with_event(life, *sent(name))
    assert life_lines(life, TWO) == [
        "▸ triggered 14:08 WIB after 7 min",
        "▸ invalidated: expiry after 30 min",
        "▸ closed +1.65 R in 15 min (tp)",
    ]
    assert life.ended == "closed"
    assert load(dump(life)) == life


def test_an_event_without_a_time_has_its_entrys() -> None:
    life = with_event(Life(), *sent("signal_triggered", ts=None)[:2], TWO + 3 * MINUTE)
    assert life.triggered_at == TWO + 3 * MINUTE


def test_what_is_no_part_of_a_life_changes_nothing() -> None:
    assert with_event(Life(), "signal_published", b"{}", TWO) == Life()
    assert with_event(Life(), "trade_log", b"broken", TWO) == Life()
    with pytest.raises(InvalidEvent):
        with_event(Life(), "signal_closed", b"{}", TWO)


def test_of_no_row_nothing_is_known() -> None:
    assert load(None) == load("") == Life()
    assert Life().is_untouched
    assert Life().ended is None


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (0, "0 s"),
        (59_999, "59 s"),
        (60_000, "1 min"),
        (7_500_000, "2 h 05 min"),
        (273_600_000, "3 d 4 h"),
        (2**63 - 1, "3660 d 0 h"),
    ],
)
def test_how_long_it_took(ms: int, said: str) -> None:
    assert life_lines(Life(triggered_at=TWO, trigger_ms=ms), TWO) == [f"▸ triggered 14:00 WIB after {said}"]


def test_another_day_is_named() -> None:
    (line,) = life_lines(Life(triggered_at=TWO + 20 * 60 * MINUTE, trigger_ms=1), TWO)
    assert line == "▸ triggered Tue 16 Sep 10:00 WIB after 0 s"


@pytest.mark.parametrize(
    ("r", "said"),
    [("1E+8", ">10,000"), ("-999999", "<−10,000"), ("0.001", "0.00"), ("-0.004", "0.00")],
)
def test_r_of_any_size(r: str, said: str) -> None:
    life = Life(closed_at=TWO, rr_realized=Decimal(r), trade_ms=0, exit_reason="sl")
    assert life_lines(life, TWO) == [f"▸ closed {said} R in 0 s (sl)"]
