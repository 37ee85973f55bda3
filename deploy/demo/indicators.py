"""The indicators that the layers look at. Lists in, lists of the same length out; None until there is enough."""

from __future__ import annotations

import itertools

from deploy.demo.candles import Candle


def ema(values: list[float], length: int) -> list[float | None]:
    """Exponential moving average, seeded with the simple mean of the first `length` values."""
    result: list[float | None] = [None] * len(values)
    if len(values) < length:
        return result
    average = sum(values[:length]) / length
    result[length - 1] = average
    weight = 2 / (length + 1)
    for index in range(length, len(values)):
        average += weight * (values[index] - average)
        result[index] = average
    return result


def atr(bars: list[Candle], length: int) -> list[float | None]:
    """Average true range after Wilder (1978): the true range smoothed with weight 1/length."""
    ranges = [bar.high - bar.low for bar in bars[:1]]
    for before, bar in itertools.pairwise(bars):
        ranges.append(max(bar.high, before.close) - min(bar.low, before.close))
    return _wilder(ranges, length)


def rsi(bars: list[Candle], length: int) -> list[float | None]:
    """Relative strength index after Wilder (1978), 0..100."""
    moves = [0.0] + [bar.close - before.close for before, bar in itertools.pairwise(bars)]
    gains = _wilder([max(move, 0.0) for move in moves], length)
    losses = _wilder([max(-move, 0.0) for move in moves], length)
    return [
        None if gain is None or loss is None else 100.0 if loss == 0 else 100 - 100 / (1 + gain / loss)
        for gain, loss in zip(gains, losses, strict=True)
    ]


def _wilder(values: list[float], length: int) -> list[float | None]:
    result: list[float | None] = [None] * len(values)
    if len(values) < length:
        return result
    average = sum(values[:length]) / length
    result[length - 1] = average
    for index in range(length, len(values)):
        average += (values[index] - average) / length
        result[index] = average
    return result
