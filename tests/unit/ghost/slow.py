"""The rules of docs/ghost.md once more, slow and in fractions: every way a price may have gone within a bar is walked.

It shares nothing with the model: no code, no order of things that is known beforehand. A bar says where its price
began and how far it went; of all the zigzags that say the same, the one that ends worst is the worse world's, the one
that ends best the better one's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction as F
from itertools import product
from typing import Any

#: An untouched rest is worth more than anything to who hopes, where the plan has no target.
_HOPE = F(10**18)


@dataclass
class Way:
    """One world. exits: kind, price, fraction, moment."""

    stop: F
    fill: F | None = None
    rest: F = F(1)
    exits: list[tuple[str, F, F, int]] = field(default_factory=list)
    seen: list[F] = field(default_factory=list)


@dataclass
class Slow:
    """What became of a plan. Numbers as texts of 12 digits."""

    status: str = "waiting"
    filled_us: int | None = None
    ended_us: int | None = None
    fill: F | None = None
    worse: list[tuple[str, F, F, int]] = field(default_factory=list)
    better: list[tuple[str, F, F, int]] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)
    reason: str | None = None


class SlowOrder:
    """One plan, walked bar by bar. All prices of a short with the sign turned."""

    def __init__(self, plan: Any, rules: Any) -> None:
        self.plan, self.rules = plan, rules
        self.turn = 1 if plan.side == "long" else -1
        self.entry = None if plan.price is None else self.turn * F(plan.price)
        self.stop = self.turn * F(plan.sl)
        self.targets = self._targets()
        self.slip = F(rules.slippage_bps) / 10_000
        self.ways: list[Way] = []
        self.said = Slow()

    def _targets(self) -> list[tuple[str, F, F]]:
        first = F(self.rules.tp1_fraction) if self.plan.tp2 is not None else F(1)
        shares = [("tp1", self.plan.tp1, first), ("tp2", self.plan.tp2, 1 - first)]
        return [
            (kind, self.turn * F(price), share)
            for kind, price, share in shares
            if price is not None and share
        ]

    def follow(self, bars: Iterable[Any]) -> Slow:
        """All of them, until it has ended."""
        for bar in bars:
            self.bar(bar)
            if self.said.ended_us is not None:
                break
        return self.said

    def bar(self, bar: Any) -> None:
        """One more."""
        if bar.quality == "bad":
            return
        visible = self.plan.published_us <= bar.begin_us
        if self.said.status == "waiting":
            if visible and bar.begin_us < self.plan.expires_us:
                self._try(bar)
            if self.said.status == "waiting" and bar.end_us >= self.plan.expires_us:
                self._end("expired", self.plan.expires_us)
        elif visible:
            self.ways = [
                self._chosen(bar, way, worst) for way, worst in zip(self.ways, (True, False), strict=True)
            ]
            self._look(bar, entered=False)
        if self.said.status == "open" and not any(way.rest for way in self.ways):
            self._end("closed", bar.end_us)
            self._reckon()

    def _end(self, status: str, at_us: int) -> None:
        self.said.status, self.said.ended_us = status, at_us

    def _prices(self, bar: Any) -> tuple[F, F, F]:
        o, h, low = (self.turn * F(price) for price in (bar.open, bar.high, bar.low))
        return (o, h, low) if self.turn == 1 else (o, low, h)

    def _try(self, bar: Any) -> None:
        o = self._prices(bar)[0]
        if self.plan.entry_type == "market" and self.entry is None and (o - self.stop) * 1_000_000 < abs(o):
            self._end("cancelled", bar.end_us)
            return
        ways = [self._chosen(bar, Way(self.stop), worst) for worst in (True, False)]
        if ways[0].fill is None:
            assert ways[1].fill is None
            return
        assert ways[0].fill == ways[1].fill
        self.ways = ways
        self.said.status, self.said.filled_us, self.said.fill = "open", bar.end_us, self.turn * ways[0].fill
        self._look(bar, entered=True)

    def _chosen(self, bar: Any, way: Way, worst: bool) -> Way:
        if way.fill is not None and (not way.rest or self._quiet(bar, way)):
            return way
        walked = [self._walk(bar, deepcopy(way), points) for points in self._zigzags(bar, way)]
        return min(walked, key=self._fear) if worst else max(walked, key=self._hope)

    def _quiet(self, bar: Any, way: Way) -> bool:
        """Whether an open position meets nothing at all within the bar, whichever way it went."""
        _, high, low = self._prices(bar)
        taken = [kind for kind, *_ in way.exits]
        return low > way.stop and all(high < price for kind, price, _ in self.targets if kind not in taken)

    def _zigzags(self, bar: Any, way: Way) -> Iterator[tuple[F, ...]]:
        """Every way through the bar that reaches both its ends, with a turn just behind the entry."""
        _, high, low = self._prices(bar)
        turns = {high, low}
        if way.fill is None and self.entry is not None and low <= self.entry <= high:
            just_below = (self.entry + max(self.stop, low)) / 2 if low < self.entry else self.entry
            turns.add(just_below if self.plan.entry_type == "limit" else self.entry)
        for length in (1, 2, 3):
            yield from (one for one in product(sorted(turns), repeat=length) if {high, low} <= set(one))

    def _fear(self, way: Way) -> tuple[F, F]:
        if way.fill is None:
            return F(0), F(0)
        return self._won(way) + way.rest * (way.stop - way.fill), way.rest

    def _hope(self, way: Way) -> tuple[F, F]:
        if way.fill is None:
            return F(0), F(0)
        taken = [kind for kind, *_ in way.exits]
        hoped = sum(
            (share * (price - way.fill) for kind, price, share in self.targets if kind not in taken), F(0)
        )
        if not self.targets:
            hoped = _HOPE
        return self._won(way) + (hoped if way.rest else 0), -way.rest

    def _won(self, way: Way) -> F:
        assert way.fill is not None
        return sum((share * (price - way.fill) for _, price, share, _ in way.exits), F(0))

    def _walk(self, bar: Any, way: Way, points: tuple[F, ...]) -> Way:
        o, _, low = self._prices(bar)
        if way.fill is None:
            self._enter_at_open(way, o, low)
        if way.fill is not None and way.rest and o <= way.stop:
            self._leave(way, "sl", self._sold(min(way.stop, o)), way.rest, bar.end_us)
        self._take(way, o, bar.end_us)
        at = o
        for point in points:
            self._go(bar, way, at, point)
            at = point
        return way

    def _enter_at_open(self, way: Way, o: F, low: F) -> None:
        kind = self.plan.entry_type
        if kind == "market":
            way.fill = self._bought(o if self.entry is None else max(self.entry, o))
            return
        assert self.entry is not None
        if kind == "stop" and o >= self.entry:
            way.fill = self._bought(o)
        if kind == "limit" and o <= self.entry and self._through(self.entry, low):
            way.fill = self.entry

    def _through(self, limit: F, low: F) -> bool:
        return low <= limit if self.rules.touch else low < limit

    def _go(self, bar: Any, way: Way, start: F, to: F) -> None:
        o = self._prices(bar)[0]
        if way.fill is None and self.entry is not None:
            if self.plan.entry_type == "limit" and to <= start and self._through(self.entry, to):
                way.fill = self.entry
            if self.plan.entry_type == "stop" and to >= self.entry:
                way.fill = self._bought(max(self.entry, o))
        if way.fill is None or not way.rest:
            return
        if to <= way.stop:
            self._leave(way, "sl", self._sold(min(way.stop, o)), way.rest, bar.end_us)
        self._take(way, to, bar.end_us)

    def _take(self, way: Way, reached: F, at_us: int) -> None:
        for kind, price, share in self.targets:
            through = reached >= price if self.rules.touch else reached > price
            if way.fill is not None and way.rest and through and kind not in [one for one, *_ in way.exits]:
                self._leave(way, kind, price, share, at_us)

    def _leave(self, way: Way, kind: str, price: F, share: F, at_us: int) -> None:
        way.exits.append((kind, price, share, at_us))
        way.rest -= share
        way.seen.append(price)

    def _bought(self, price: F) -> F:
        return price + abs(price) * self.slip

    def _sold(self, price: F) -> F:
        return price - abs(price) * self.slip

    def _look(self, bar: Any, entered: bool) -> None:
        """What was surely seen while it was open; and where the stops stand from now on."""
        o, high, low = self._prices(bar)
        for way in self.ways:
            assert way.fill is not None
            if entered:
                way.seen.append(way.fill)
            if not way.rest:
                continue
            within = entered and self.entry is not None and self.plan.entry_type != "market"
            if not (within and self.plan.entry_type == "limit" and o > (self.entry or 0)):
                way.seen.append(high)
            if not (within and self.plan.entry_type == "stop" and o < (self.entry or 0)):
                way.seen.append(low)
            self._move(way, way.fill)

    def _move(self, way: Way, fill: F) -> None:
        behind = any(kind == "tp1" for kind, *_ in way.exits)
        if behind and self.rules.break_even:
            way.stop = max(way.stop, fill)
        if self.rules.trail_r is not None and (behind or not self.targets):
            way.stop = max(way.stop, max(way.seen) - F(self.rules.trail_r) * (fill - self.stop))

    def _reckon(self) -> None:
        said = self.said
        said.worse, said.better = (
            [(kind, self.turn * price, share, at) for kind, price, share, at in way.exits]
            for way in self.ways
        )
        sums = [(*self._in_r(way), way) for way in self.ways]
        rr, net, fees, way = min(sums, key=lambda one: one[:2])
        best = max(sums, key=lambda one: one[:2])
        assert way.fill is not None
        risk = way.fill - self.stop
        numbers = {
            "rr_realized": rr,
            "rr_best": best[0],
            "fees_r": fees,
            "pnl_r": net,
            "pnl_best_r": best[1],
            "pnl_pct": net * risk / abs(way.fill) * 100,
            "mfe_r": (max(way.seen) - way.fill) / risk,
            "mae_r": (min(way.seen) - way.fill) / risk,
        }
        if self.plan.risk_usd is not None:
            numbers["pnl_usd"] = net * F(self.plan.risk_usd)
        said.numbers = {name: twelve(number) for name, number in numbers.items()}
        said.reason = {"tp1": "tp", "tp2": "tp", "sl": "sl"}[way.exits[-1][0]]

    def _in_r(self, way: Way) -> tuple[F, F, F]:
        assert way.fill is not None
        maker, taker = F(self.rules.maker_bps) / 10_000, F(self.rules.taker_bps) / 10_000
        fees = abs(way.fill) * (maker if self.plan.entry_type == "limit" else taker)
        for kind, price, share, _ in way.exits:
            fees += share * abs(price) * (taker if kind == "sl" else maker)
        risk = way.fill - self.stop
        won = self._won(way)
        return won / risk, (won - fees) / risk, fees / risk


def twelve(number: F) -> str:
    """Rounded to 12 significant digits, half to even; written as whole digits and a power of ten."""
    if not number:
        return "0e0"
    place = 0
    while abs(number) * F(10) ** place >= 10**12:
        place -= 1
    while abs(number) * F(10) ** place < 10**11:
        place += 1
    digits = round(number * F(10) ** place)
    while digits % 10 == 0:
        digits, place = digits // 10, place - 1
    return f"{digits}e{-place}"
