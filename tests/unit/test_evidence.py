"""The verdict is right as often as it says: simulated with fixed seeds, in worlds where the truth is known."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from reports.evidence.pooling import pool, weights
from reports.evidence.simulation import CLOSED_PER_BIN, WORLDS, Rates, simulate
from reports.evidence.statistics import decrease_probability, trend_z, wilson_interval
from reports.evidence.verdict import Counted, Kind, judge

TABLE = Path(__file__).parents[2] / "reports" / "EVIDENCE.md"


@pytest.fixture(scope="module")
def rates() -> dict[tuple[str, int], Rates]:
    return {(one.world, one.closed_per_bin): one for one in simulate()}


@pytest.mark.parametrize("size", CLOSED_PER_BIN)
def test_no_world_is_judged_wrongly_more_often_than_promised(
    rates: dict[tuple[str, int], Rates], size: int
) -> None:
    assert rates["truly rising", size].broken <= 0.05
    assert rates["flat", size].ok <= 0.05
    assert rates["inverted", size].ok <= 0.01


def test_enough_data_is_seen_to_be_enough(rates: dict[tuple[str, int], Rates]) -> None:
    assert rates["truly rising", 200].ok >= 0.85
    assert rates["truly rising", 1000].ok >= 0.99
    assert rates["inverted", 200].broken >= 0.90
    assert rates["one bad bin", 200].ok <= 0.20
    assert rates["one bad bin", 1000].ok <= 0.01
    assert rates["one bad bin", 1000].broken >= 0.90


def test_the_documented_table_is_what_the_simulation_gives(rates: dict[tuple[str, int], Rates]) -> None:
    rows = re.findall(r"^\| (.+?) \| (\d+) \| (.+?) % \| (.+?) % \|", TABLE.read_text(), re.MULTILINE)
    found = {(world, int(size)): (float(ok), float(broken)) for world, size, ok, broken in rows}
    assert found == {key: (round(one.ok * 100, 1), round(one.broken * 100, 1)) for key, one in rates.items()}
    assert {world for world, _ in found} == set(WORLDS)


def bins(*pairs: tuple[float, float]) -> list[Counted]:
    return [Counted(f"bin {number}", wins, n) for number, (wins, n) in enumerate(pairs)]


def test_the_three_verdicts() -> None:
    assert judge(bins((90, 200), (100, 200), (110, 200), (120, 200))).kind is Kind.OK
    falling = judge(bins((120, 200), (110, 200), (100, 200), (90, 200)))
    assert (falling.kind, falling.falls_in_one_pair) == (Kind.BROKEN, False)
    bad = judge(bins((450, 1000), (520, 1000), (420, 1000), (600, 1000)))
    assert (bad.kind, bad.falls_in_one_pair) == (Kind.BROKEN, True)
    assert bad.worst is not None
    assert bad.worst[:2] == ("bin 1", "bin 2")


def test_too_little_says_how_much_more_would_settle_it() -> None:
    few = judge(bins((9, 20), (10, 20), (11, 20), (12, 20)))
    assert few.kind is Kind.NOT_ENOUGH_DATA
    assert few.more_per_bin is not None
    more = 20 + few.more_per_bin
    settled = judge(bins(*((rate * more, more) for rate in (0.45, 0.5, 0.55, 0.6))))
    assert settled.kind is Kind.OK
    assert judge(bins((10, 20), (10, 20))).more_per_bin is None, "equal winrates settle nothing, ever"


def test_nothing_and_one_bin_are_not_enough() -> None:
    assert judge([]).kind is Kind.NOT_ENOUGH_DATA
    assert judge(bins((5, 9), (0, 0), (0, 0))).kind is Kind.NOT_ENOUGH_DATA


def test_the_posterior_agrees_with_drawing_from_it() -> None:
    chance = random.Random(1)
    wins, n = (12, 9), (20, 25)
    draws = 40_000
    below = sum(
        chance.betavariate(wins[1] + 0.5, n[1] - wins[1] + 0.5)
        < chance.betavariate(wins[0] + 0.5, n[0] - wins[0] + 0.5)
        for _ in range(draws)
    )
    assert float(decrease_probability(wins, n)[0]) == pytest.approx(below / draws, abs=0.01)


def test_the_trend_statistic_on_an_example_worked_by_hand() -> None:
    # 2x2: the square of z is the chi-square of the table, 20/3 for 10/20 against 2/20 … here 7.619
    assert float(trend_z([2, 10], [20, 20])) ** 2 == pytest.approx(
        40 * (2 * 10 - 10 * 18) ** 2 / (12 * 28 * 400)
    )
    assert float(trend_z([5, 5], [10, 10])) == 0
    assert float(trend_z([0, 0], [10, 10])) == 0


def test_wilson_intervals_of_the_literature() -> None:
    low, high = wilson_interval(
        15, 148
    )  # Newcombe, Statistics in Medicine 17 (1998), table I: 0.0624 to 0.1605
    assert (round(low, 4), round(high, 4)) == (0.0624, 0.1605)
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_pooling_keeps_the_winrate_of_equal_weeks_and_counts_no_week_twice() -> None:
    week = bins((6, 10), (0, 0))
    ((_, wins, n), empty) = pool([week] * 4)
    assert wins / n == pytest.approx(0.6)
    assert 10 < n < 40
    assert (empty.wins, empty.n) == (0, 0)
    assert pool([week])[0] == week[0]
    assert weights(5)[4] == 0.5
