"""An engine's day as measurements: load that follows the hour, lognormal latencies, bursts, restarts, gaps.

It is drawn anew from a seed, ten seconds at a time. A fault changes what is drawn; see `Fault`.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from guard.model.slots import SLOT, Slot, begun
from signaltape.measuring.histogram import LOG_GAMMA

DAY = datetime(2022, 1, 17, 17, tzinfo=UTC)  # midnight in WIB
_SLOTS = 24 * 360
#: Endpoint: requests a second at noon, median and spread of the latency in ms.
ENDPOINTS = {
    "GET /api/signal/<symbol>": (3.0, 120.0, 0.50),
    "GET /api/klines": (2.0, 90.0, 0.60),
    "GET /api/screener": (0.5, 150.0, 0.50),
    "POST /api/feedback": (0.05, 60.0, 0.70),
}
CHANNELS, SYMBOLS = ("orderflow", "trades"), ("BTC-USDT-SWAP", "ETH-USDT-SWAP", "SOL-USDT-SWAP")


@dataclass
class Drawn:
    """What is drawn of ten seconds: a fault may change it. Factors are 1 and shares as usual, if nothing is wrong."""

    at: datetime
    slow: float = 1.0
    share_5xx: float = 0.001
    share_429: float = 0.0005
    stale_ms: float = 0.0
    dead_channels: tuple[str, ...] = ()
    silent: bool = False
    more_load: float = 1.0


#: Changes what is drawn of ten seconds. Given: how long after midnight.
Fault = Callable[[Drawn, timedelta], None]


@dataclass
class Day:
    """Measurements of a day in the order in which they arrive. restarts, bursts: when, in slots."""

    seed: int
    fault: Fault | None = None
    slots: int = _SLOTS
    first: int = 0
    _random: np.random.Generator = field(init=False)
    _restarts: set[int] = field(init=False)
    _bursts: dict[int, str] = field(init=False)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)
        self._restarts = set(self._random.integers(0, _SLOTS, 4).tolist())
        kinds = ("slow", "errors", "limited", "gap")
        starts = self._random.integers(0, _SLOTS, 24).tolist()
        self._bursts = {at: kinds[which % 4] for which, at in enumerate(starts)}

    def arrivals(self) -> Iterator[tuple[datetime, list[Slot]]]:
        """Every ten seconds the time, and what has arrived by then: a few measurements are late."""
        waiting: list[tuple[int, int, Slot]] = []
        number = 0
        for tick in range(self.first, self.first + self.slots):
            for one in self._measured(tick):
                late = int(self._random.integers(1, 7)) if self._random.random() < 0.02 else 0
                heapq.heappush(waiting, (tick + late, number := number + 1, one))
            arrived = []
            while waiting and waiting[0][0] <= tick:
                arrived.append(heapq.heappop(waiting)[2])
            yield DAY + (tick + 1) * SLOT, arrived

    def _measured(self, tick: int) -> Iterator[Slot]:
        drawn = self._drawn(tick)
        if drawn.silent:
            return
        yield from self._requests(drawn, _load(drawn.at) * drawn.more_load)
        yield from self._data(drawn)

    def _drawn(self, tick: int) -> Drawn:
        drawn = Drawn(DAY + tick * SLOT)
        for start in self._restarts:
            _restart(drawn, tick - start)
        for start, kind in self._bursts.items():
            _burst(drawn, tick - start, kind)
        if self.fault is not None:
            self.fault(drawn, drawn.at - DAY)
        return drawn

    def _requests(self, drawn: Drawn, load: float) -> Iterator[Slot]:
        for name, (rate, median, spread) in ENDPOINTS.items():
            n = int(self._random.poisson(rate * load * 10))
            if not n:
                continue
            values = self._random.lognormal(math.log(median * drawn.slow), spread, n)
            n5xx = int(self._random.binomial(n, drawn.share_5xx))
            n429 = int(self._random.binomial(n - n5xx, drawn.share_429))
            statuses = {"n5xx": n5xx, "n429": n429, "n2xx": n - n5xx - n429}
            yield _slot(drawn.at, "http", "latency_ms", name, values, statuses)

    def _data(self, drawn: Drawn) -> Iterator[Slot]:
        for channel in CHANNELS:
            if channel not in drawn.dead_channels:
                yield _slot(drawn.at, "ws", "rtt_ms", channel, self._random.lognormal(math.log(90), 0.35, 4))
        for symbol in SYMBOLS:
            usual = self._random.gamma(2.0, 300.0, 10)
            yield _slot(drawn.at, "freshness", "age_ms", symbol, usual + drawn.stale_ms)
        age = drawn.at.timestamp() % 50 + self._random.uniform(0, 5)
        yield _slot(drawn.at, "screener", "ttl_s", "momentum", np.array([age]))


def _load(at: datetime) -> float:
    """Of the hour: 1 about noon, a twentieth at night."""
    hour = (at - DAY).total_seconds() % 86_400 / 3600
    return 0.05 + 0.95 * max(0.0, math.sin(math.pi * (hour - 5) / 16)) if hour >= 5 else 0.05


def _restart(drawn: Drawn, since: int) -> None:
    """Forty seconds of nothing, then cold caches and a few errors."""
    drawn.silent = drawn.silent or 0 <= since < 4
    if 4 <= since < 7:
        drawn.slow, drawn.share_5xx = 4.0, 0.04


def _burst(drawn: Drawn, since: int, kind: str) -> None:
    """Short harm that is no alert: shorter than any rule's `for`."""
    if kind == "slow" and 0 <= since < 9:
        drawn.slow = 6.0
    if kind == "errors" and since == 0:
        drawn.share_5xx = 0.15  # of a minute 2.5 %: well within the 10 % that ring at once
    if kind == "limited" and 0 <= since < 3:
        drawn.share_429, drawn.more_load = 0.15, 2.0
    if kind == "gap" and 0 <= since < 7:
        drawn.silent = True


def _slot(
    at: datetime,
    kind: str,
    figure: str,
    name: str,
    values: np.ndarray,
    statuses: dict[str, Any] | None = None,
) -> Slot:
    # of a few values, quicker than numpy's own way to count
    counts = Counter((np.ceil(np.log(np.maximum(values, 0.01)) / LOG_GAMMA).astype(int)).tolist())
    buckets = sorted(counts)
    return Slot(
        at=begun(at, SLOT),
        kind=kind,
        figure=figure,
        name=name,
        engine="ib-1",
        n=len(values),
        sum=float(values.sum()),
        worst=float(values.max()),
        last=float(values[-1]),
        last_at=at + SLOT,
        bucket=tuple(buckets),
        bucket_n=tuple(counts[one] for one in buckets),
        **(statuses or {}),
    )
