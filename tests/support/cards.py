"""Scorecards for tests of what is said of them: made of counts, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate

from reports.course import Course, InBin, Point
from reports.evidence.verdict import Counted, judge
from reports.figures import Expectancy, Figures, Group
from reports.layers.findings import Finding, find
from reports.layers.known import Layers
from reports.layers.lift import Pattern
from reports.scorecard import Bin, Scorecard, first_break
from reports.text.numbers import ratio
from reports.weeks import Week
from sink.quality import Quality
from tests.support import clicked

LABELS = ("<0.50", "0.50-0.59", "0.60-0.69", "0.70-0.79", "0.80+")


def findings(names: Sequence[str]) -> list[Finding]:
    """What is known of layers with these names: the first helps most, the last hurts most."""
    places = range(len(names))
    patterns = [
        Pattern(
            age, {name: place == told for place, name in enumerate(names)}, 50, 40 - 30 * told // len(names)
        )
        for age in range(8)
        for told in places
    ]
    return find(patterns)


def figures(closed: int, wins: int, groups: Sequence[Group] = ()) -> Figures:
    return Figures(
        published=closed,
        closed=closed,
        wins=wins,
        expectancy=Expectancy(Decimal("0.123"), (-0.05, 0.3)) if closed else None,
        net_r=Decimal("-0.051") if closed else None,
        n_net=closed - 1,
        profit_factor=Decimal("1.253"),
        trigger_rate=Decimal("0.913"),
        expiry_rate=Decimal("0.051"),
        target_r=Decimal("1.9"),
        brier=Decimal("0.251"),
        reliability=Decimal("0.0101"),
        median_to_trigger_ms=420_000,
        median_in_trade_ms=12_600_000,
        groups=list(groups),
    )


def card(
    wins: Sequence[int],
    n: Sequence[int],
    *,
    sl: int = 1,
    ties: int = 0,
    symbols: Sequence[str] = ("BTC-PERP",),
    rules: Sequence[str] = ("v_1",),
    layers: Sequence[str] = (),
    groups: Sequence[Group] = (),
) -> Scorecard:
    """A week with so many wins of so many closed signals by bin, as it was and as all pooled weeks were."""
    counted = [Counted(label, w, k) for label, w, k in zip(LABELS, wins, n, strict=True)]
    verdict = judge(counted)
    told = [_bin(label, w, k, sl, ties) for label, w, k in counted]
    total = sum(n)
    return Scorecard(
        week=Week(date(2022, 1, 17)),
        bins=told,
        broken_by=first_break(told),
        quality=Quality(1, 2, 3, 4),
        symbols=list(symbols) if total else [],
        rules_versions=list(rules),
        verdict=verdict,
        pooled=verdict,
        pooled_bins=counted,
        figures=figures(total, sum(wins), groups),
        before=figures(total // 2, sum(wins) // 2),
        layers=Layers(findings(layers), None, None, None, []),
        revised=[],
    )


def _bin(label: str, wins: float, n: float, sl: int, ties: int) -> Bin:
    w, k = int(wins), int(n)
    return Bin(
        label,
        k,
        w,
        sl,
        2,
        k,
        ratio(w, k),
        ratio(w, k + sl),
        wins_at_best=min(w + ties, k),
        sum_r=Decimal(w) if k else None,
        sum_r_squared=Decimal(k) if k else None,
        n_net=k,
        wins_net=w,
        net_r=Decimal("-0.164") if k else None,
        break_even=Decimal("0.443") if k else None,
    )


def course(count: int, apart: timedelta = timedelta(hours=1), r: int = 1) -> Course:
    """So many closings in a row, this far apart, that bring from -r to +r."""
    start = datetime(2022, 1, 17, tzinfo=UTC)
    gains = [r * (number % 3 - 1) for number in range(count)]
    points = [Point(start + n * apart, Decimal(total)) for n, total in enumerate(accumulate(gains))]
    tenths = range(min(count, 5))
    return Course(points, [InBin(n, count // 5 + 1, (n + 4) / 10, n / 5) for n in tenths])


#: Weeks that put much, little or odd things on paper.
ORDINARY = card([2, 5, 17, 19, 21], [3, 14, 49, 38, 53], sl=1, layers=["smc", "trend", "volume"])
BROKEN = card([40, 35, 30, 20, 5], [60, 60, 60, 60, 60], layers=["smc", "trend"])
OK = card([20, 40, 60, 80, 95], [100] * 5, sl=0, layers=["smc"])
EMPTY = card([0] * 5, [0] * 5, sl=0)
UNSETTLED = card([1, 50, 51, 52, 52], [2, 100, 101, 102, 101])
LONG = card(
    [12_000, 15_000, 17_000, 19_000, 21_000],
    [30_000, 34_000, 39_000, 40_001, 43_000],
    sl=12_345,
    ties=9_999,
    symbols=[
        "W" * 128,
        "ib_20250915_0733_*BTC*[x](http://y)<b>&amp;",
        "$x_1$ \\frac{<b>",
        "_*[]",
        "E\nF",
        "G",
    ],
    rules=["v " * 256] * 5,
    layers=["W" * 300, "$a_1$ <b>", "smc\nline", "i" * 60, *(f"a layer of some words {n}" for n in range(8))],
    groups=[
        Group("symbol", "W" * 128, 4_321, 1_234, Expectancy(Decimal("-0.123"), None)),
        Group("symbol", "ib_20250915_0733_*BTC*[x](http://y)<b>&amp;", 99, 9, Expectancy(Decimal("1"), None)),
        Group("side", "long", 3_000, 1_000, Expectancy(Decimal("0.1"), None)),
        Group("side", "short", 1_000, 400, Expectancy(Decimal("-0.1"), None)),
    ],
)._replace(feedback=clicked.LONG)
CLICKED = ORDINARY._replace(feedback=clicked.MUCH)
WEEKS = {
    "ordinary": ORDINARY,
    "broken": BROKEN,
    "ok": OK,
    "empty": EMPTY,
    "unsettled": UNSETTLED,
    "long": LONG,
    "clicked": CLICKED,
}
