"""The confluence layers: each matches a side or not, and the score is the weighted share that does."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from deploy.demo.candles import Candle
from deploy.demo.indicators import atr, ema, rsi

#: Weight of each layer in the score; together 1.
WEIGHTS = {
    "trend": Decimal("0.25"),
    "momentum": Decimal("0.20"),
    "structure": Decimal("0.20"),
    "volume": Decimal("0.15"),
    "volatility": Decimal("0.10"),
    "location": Decimal("0.10"),
}
_EMA_FAST, _EMA_SLOW = 20, 50
_ATR, _ATR_BASE = 14, 96
_RSI = 14
_STRUCTURE_BARS = 12
_VOLUME_BARS = 20


class Judgement(NamedTuple):
    """What the layers say of one bar for one side."""

    side: str
    score: Decimal
    matches: dict[str, bool]

    def as_fields(self) -> dict[str, dict[str, object]]:
        """The `layers` field of `signal_published`."""
        return {name: {"match": match, "weight": WEIGHTS[name]} for name, match in self.matches.items()}


class Judge:
    """Judges the bars of one series.

    bars: complete bars in order of time.
    """

    def __init__(self, bars: list[Candle]) -> None:
        self.bars = bars
        closes = [bar.close for bar in bars]
        self._fast, self._slow = ema(closes, _EMA_FAST), ema(closes, _EMA_SLOW)
        self.atr = atr(bars, _ATR)
        self._atr_base = atr(bars, _ATR_BASE)
        self._rsi = rsi(bars, _RSI)

    def ready(self, index: int) -> bool:
        """Whether every indicator has a value at this bar."""
        return self._atr_base[index] is not None and index >= _ATR_BASE

    def judge(self, index: int, side: str) -> Judgement:
        """What the layers say of the bar at `index`. Looks at nothing later than that bar."""
        up = side == "long"
        bar, fast, slow = self.bars[index], self._fast[index], self._slow[index]
        before = self.bars[index - _STRUCTURE_BARS : index]
        volumes = [one.volume for one in self.bars[index - _VOLUME_BARS : index]]
        strength, now_range, base_range = self._rsi[index], self.atr[index], self._atr_base[index]
        assert fast is not None
        assert slow is not None
        assert strength is not None
        assert now_range is not None
        assert base_range is not None
        rising = bar.close > bar.open
        middle = (max(one.high for one in before) + min(one.low for one in before)) / 2
        matches = {
            "trend": fast > slow if up else fast < slow,
            "momentum": 50 < strength < 70 if up else 30 < strength < 50,
            "structure": bar.close > middle if up else bar.close < middle,
            "volume": bar.volume > sum(volumes) / len(volumes) and rising == up,
            "volatility": 0.8 * base_range < now_range < 1.6 * base_range,
            "location": abs(bar.close - fast) < now_range,
        }
        score = sum((WEIGHTS[name] for name, match in matches.items() if match), Decimal(0))
        return Judgement(side, score, matches)

    def trend_is_against(self, index: int, side: str) -> bool:
        """Whether the bar at `index` closed beyond the slow average, against the side."""
        slow = self._slow[index]
        assert slow is not None
        close = self.bars[index].close
        return close < slow if side == "long" else close > slow
