"""Signals that are one bet count as one: by hand, and simulated with fixed seeds where the truth is known."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports.evidence.bets_simulation import WORLDS, Rates, simulate
from reports.evidence.clusters import Sums, correlation, counts_as
from reports.evidence.verdict import Counted, Kind, judge, more_signals

TABLE = Path(__file__).parents[2] / "reports" / "EVIDENCE.md"


@pytest.fixture(scope="module")
def rates() -> dict[tuple[str, int], Rates]:
    return {(one.world, one.closed_per_bin): one for one in simulate()}


def sums(bets: list[list[float]]) -> Sums:
    flat = [y for bet in bets for y in bet]
    between = sum(sum(bet) ** 2 / len(bet) for bet in bets)
    sizes = sum(len(bet) ** 2 for bet in bets)
    return Sums(len(flat), len(bets), sizes, sum(flat), sum(y * y for y in flat), between)


def test_outcomes_that_are_the_same_within_each_bet_count_as_many_as_there_are_bets() -> None:
    found = sums([[1.0] * 5, [0.0] * 5] * 10)
    assert correlation(found) == pytest.approx(1)
    assert counts_as(found.n, found.squares, 1.0) == pytest.approx(20)


def test_the_correlation_by_hand() -> None:
    """Of bets of two: the mean squares among and within them, their difference over their sum."""
    bets = [[2.0, 2.0], [1.0, 2.0], [1.0, 1.0], [2.0, 2.0], [1.0, 1.0], [1.0, 2.0]]
    means, mean = [sum(bet) / 2 for bet in bets], sum(map(sum, bets)) / 12
    among = sum(2 * (one - mean) ** 2 for one in means) / 5
    within = sum((y - one) ** 2 for bet, one in zip(bets, means, strict=True) for y in bet) / 6
    assert correlation(sums(bets)) == pytest.approx((among - within) / (among + within))


def test_outcomes_that_have_nothing_to_do_with_their_bets_count_each() -> None:
    found = sums([[1.0, 0.0]] * 20)
    assert correlation(found) == 0
    assert counts_as(found.n, found.squares, 0.0) == 40


@pytest.mark.parametrize("bets", [[[1.0, 1.0]], [[1.0], [0.0]] * 20, [[1.0, 1.0], [0.0, 0.0]] * 2])
def test_too_few_bets_or_only_single_ones_tell_nothing(bets: list[list[float]]) -> None:
    assert correlation(sums(bets)) == 0


def test_a_sample_is_never_made_larger() -> None:
    assert counts_as(10, 10, 0.7) == 10
    assert counts_as(0, 0, 0.7) == 0


def test_how_many_more_are_wanted_is_said_in_signals_as_they_come() -> None:
    each = [Counted(f"{n}", 20 * rate, 20) for n, rate in enumerate((0.45, 0.5, 0.55, 0.6))]
    halved = [Counted(one.label, one.wins / 2, one.n / 2) for one in each]
    verdict = judge(halved)
    assert verdict.kind is Kind.NOT_ENOUGH_DATA
    assert verdict.more_per_bin is not None
    assert more_signals(verdict, halved, each).more_per_bin == 2 * verdict.more_per_bin


def test_intervals_hold_the_truth_as_often_as_they_say(rates: dict[tuple[str, int], Rates]) -> None:
    for world in ("each for itself", "some together", "as one"):
        for size in (20, 50, 200):
            assert rates[world, size].covered >= 0.93, (world, size)
    assert rates["as one", 200].covered_plain < 0.80
    assert 0.78 < rates["as one, for hours", 200].covered < 0.86, "what an hour's bets do not see"


def test_the_verdict_is_nowhere_less_honest_than_without_bets(rates: dict[tuple[str, int], Rates]) -> None:
    for one in rates.values():
        assert one.flat_ok <= one.flat_ok_plain <= 0.06
        assert one.flat_broken <= one.flat_broken_plain
        assert one.rising_ok >= 0.7 * one.rising_ok_plain, "and it still sees"


def test_the_documented_table_is_what_the_simulation_gives(rates: dict[tuple[str, int], Rates]) -> None:
    rows = re.findall(r"^\| ([a-z ,]+?) \| (\d+) \|((?: [\d.]+ \|){8})$", TABLE.read_text(), re.MULTILINE)
    found = {(world, int(size)): tuple(map(float, re.findall(r"[\d.]+", row))) for world, size, row in rows}
    assert found == {key: tuple(round(rate * 100, 1) for rate in one[2:]) for key, one in rates.items()}
    assert {world for world, _ in found} == {one.name for one in WORLDS}
