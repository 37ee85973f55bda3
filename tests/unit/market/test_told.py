"""Up to where an earlier process told, by what stands on the tape."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.emitting import moment
from market.told import Told, note_candle, spelled, told_by
from tests.support.market_status import market_of
from tests.unit.market.world import SOL, at


def noted(*candles: dict[str, Any]) -> dict[str, Told]:
    told: dict[str, Told] = {}
    for fields in candles:
        note_candle(told, msgspec.json.encode(fields), at(1000))
    return told


def candle(end_s: float, interval: str = "1s", **changes: Any) -> dict[str, Any]:
    plain = {"symbol": SOL, "interval": interval, "timestamp": moment(at(end_s)), "provider": "okx"}
    return {**plain, **changes}


def test_the_latest_of_each_counts() -> None:
    assert noted(candle(61), candle(60, "1m"), candle(62), candle(60)) == {SOL: Told(at(62), at(60))}


def test_every_spelling_is_the_same_symbol() -> None:
    assert noted(candle(1, symbol="SOLUSDT"), candle(2, symbol="SOL/USDT:USDT")) == {SOL: Told(at(2), None)}


@pytest.mark.parametrize("change", [{"provider": None}, {"symbol": "XAU"}, {"timestamp": "soon"}])
def test_what_is_none_of_ours_says_nothing(change: dict[str, Any]) -> None:
    assert noted({**candle(1), **change}) == {}


def test_a_time_that_has_not_come_was_of_a_wrong_clock() -> None:
    assert noted(candle(1, "1m"), candle(5000), candle(5000, "1m")) == {SOL: Told(at(1), at(1))}
    status = market_of("x", "y")
    assert told_by(status, 0)[SOL] == Told(1, 1)
    late = msgspec.structs.replace(status.symbols[1], told_until_us=9_000_000, minutes_us=9_000_000)
    assert told_by(msgspec.structs.replace(status, symbols=[late]), 0) == {SOL: Told(None, None)}
    assert told_by(None, 0) == {}


def test_spellings_lie_together() -> None:
    assert spelled(["SOLUSDT", "XAU", SOL]) == {SOL: ["SOLUSDT", SOL]}


@given(st.binary())
def test_no_bytes_do_any_harm(data: bytes) -> None:
    note_candle({}, data, at(0))
