"""The picture: drawn for an ordinary week and for an empty one, with names that look like markup."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from reports.evidence.verdict import Counted, judge
from reports.figures import Expectancy, Figures, Outcome
from reports.layers.findings import find
from reports.layers.lift import Pattern
from reports.picture import draw
from reports.scorecard import Bin, Layers, Scorecard
from reports.weeks import Week
from sink.quality import Quality

LABELS = ("<0.50", "0.50-0.59", "0.60-0.69", "0.70-0.79", "0.80+")


#: a layer with a name that looks like markup helps, another hurts
PATTERNS = [
    Pattern(age, {"$a_1$ <b>": helps, "smc": not helps}, 50, 30 if helps else 20)
    for age in range(8)
    for helps in (True, False)
]


def figures(closed: int, wins: int) -> Figures:
    return Figures(
        published=closed,
        closed=closed,
        wins=wins,
        expectancy=Expectancy(Decimal("0.1"), (-0.1, 0.3)) if closed else None,
        net_r=None,
        n_net=0,
        profit_factor=None,
        trigger_rate=None,
        expiry_rate=None,
        target_r=Decimal("1.9"),
        brier=Decimal("0.251"),
        reliability=Decimal("0.01"),
        median_to_trigger_ms=None,
        median_in_trade_ms=None,
        groups=[],
    )


def card(wins: list[int], n: list[int]) -> Scorecard:
    verdict = judge([Counted(label, w, k) for label, w, k in zip(LABELS, wins, n, strict=True)])
    total = sum(n)
    return Scorecard(
        week=Week(date(2022, 1, 17)),
        bins=[Bin(label, k, w, 1, 0, k, None, None) for label, w, k in zip(LABELS, wins, n, strict=True)],
        broken_by=None,
        quality=Quality(1, 2, 3, 4),
        symbols=["$x_1$ \\frac{<b>", "_*[]"],
        rules_versions=["v_1"],
        verdict=verdict,
        pooled=verdict,
        pooled_bins=[],
        figures=figures(total, sum(wins)),
        before=figures(0, 0),
        layers=Layers(find(PATTERNS) if total else [], None, None, None, []),
        revised=[],
    )


def outcomes(count: int) -> list[Outcome]:
    start = datetime(2022, 1, 17, tzinfo=UTC)
    return [
        Outcome(start + timedelta(hours=number), Decimal(number % 3 - 1), Decimal(number % 10) / 10)
        for number in range(count)
    ]


def test_an_ordinary_week(tmp_path: Path) -> None:
    png, pdf = draw(card([1, 2, 3, 4, 5], [5, 5, 5, 5, 5]), outcomes(25), tmp_path)
    assert png.read_bytes().startswith(b"\x89PNG")
    assert pdf.read_bytes().startswith(b"%PDF")
    assert png.name == "scorecard-2022-W03.png"


def test_a_week_without_a_closed_signal(tmp_path: Path) -> None:
    assert len(draw(card([0] * 5, [0] * 5), [], tmp_path)) == 2


def test_names_of_any_length_leave_room_for_the_rest(tmp_path: Path) -> None:
    long = card([1, 2, 3, 4, 5], [5, 5, 5, 5, 5])
    layers = [
        Pattern(age, {"x" * 500: helps, "smc\nline": not helps}, 50, 30 if helps else 20)
        for age in range(8)
        for helps in (True, False)
    ]
    long = long._replace(
        layers=long.layers._replace(findings=find(layers)),
        symbols=["W" * 128] * 5,
        rules_versions=["v " * 256] * 5,
    )
    assert (
        len(draw(long, outcomes(25), tmp_path)) == 2
    )  # a layout without room is a warning, and so an error here
