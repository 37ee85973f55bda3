"""What bars told is remembered in windows of the clock, also of bars that lie across them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ghost.model import seen
from ghost.model.bar import Bar
from ghost.model.seen import Seen, Span

ONE, TWO = Decimal(1), Decimal(2)
DAY_S = 86_400


@pytest.mark.parametrize("offset_us", [0, 500_000])
def test_it_is_put_together_now_and_then_only(offset_us: int, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    shortened = seen.shortened

    def counted(spans: list[Span], now_us: int) -> list[Span]:
        calls.append(len(spans))
        return shortened(spans, now_us)

    monkeypatch.setattr(seen, "shortened", counted)
    known, bars = Seen(), 0
    for begin_s in range(0, 2 * DAY_S, 30):
        begin_us = begin_s * 1_000_000 + offset_us
        known.look(Bar("SOL", begin_us, begin_us + 30_000_000, ONE, TWO, ONE, ONE))
        bars += 1
    for begin_s in range(2 * DAY_S, 2 * DAY_S + 3_000, 3):
        begin_us = begin_s * 1_000_000 + offset_us
        known.look(Bar("SOL", begin_us, begin_us + 3_000_000, ONE, TWO, ONE, ONE))
        bars += 1
    assert len(calls) < bars / 10
    assert max(calls) < 200, "and no more is kept than that"
