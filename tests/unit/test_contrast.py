"""One side against the other is judged as rarely wrongly as it says, also in few signals and in weeks that differ."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.evidence.contrast import FEWEST, Contrast, Week, contrast
from reports.evidence.statistics import difference_interval
from reports.evidence.verdict import Kind

counts = st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
weeks_of_any = st.lists(st.builds(lambda yes, no: Week(*yes, *no), counts, counts), min_size=1, max_size=8)


def test_one_week_is_the_interval_of_agresti_and_caffo() -> None:
    found = contrast([Week(14, 24, 8, 18)])
    assert found.lift == pytest.approx(14 / 24 - 8 / 18)
    # both rates with a win and a loss more, by hand
    moved = 15 / 26 - 9 / 20
    error = math.sqrt(15 / 26 * 11 / 26 / 26 + 9 / 20 * 11 / 20 / 20)
    assert found.interval == pytest.approx((moved - 1.959964 * error, moved + 1.959964 * error), abs=1e-6)
    assert found[:4] == (14, 24, 8, 18)


def test_weeks_are_compared_each_with_itself() -> None:
    good_and_bad = [Week(32, 40, 8, 10), Week(2, 10, 8, 40)]
    together = contrast(good_and_bad)
    assert together.lift == pytest.approx(0)
    assert together.kind is Kind.NOT_ENOUGH_DATA
    assert together.wins / together.n - together.other_wins / together.other_n > 0.3, "added up they lie"


def test_a_week_with_one_side_only_compares_nothing() -> None:
    alone = contrast([Week(9, 10, 0, 0), Week(0, 0, 0, 10)])
    assert alone == Contrast(9, 10, 0, 10, None, None, Kind.NOT_ENOUGH_DATA, None)
    with_it = contrast([Week(14, 24, 8, 18), Week(9, 10, 0, 0)])
    assert (with_it.lift, with_it.n) == (contrast([Week(14, 24, 8, 18)]).lift, 34)


def test_older_weeks_weigh_less() -> None:
    newest = contrast([Week(9, 10, 1, 10), Week(1, 10, 9, 10)]).lift
    assert newest is not None
    assert newest > 0.05


@pytest.mark.parametrize(
    ("week", "kind"),
    [
        (Week(30, 40, 10, 40), Kind.OK),
        (Week(10, 40, 30, 40), Kind.BROKEN),
        (Week(20, 40, 18, 40), Kind.NOT_ENOUGH_DATA),
        (Week(FEWEST - 1, FEWEST - 1, 0, 40), Kind.NOT_ENOUGH_DATA),
    ],
)
def test_the_three_verdicts(week: Week, kind: Kind) -> None:
    assert contrast([week]).kind is kind


def test_how_many_more_would_settle_it_is_what_does() -> None:
    week = Week(30, 60, 25, 60)
    more = contrast([week]).more_per_side
    assert more is not None
    times = (60 + more) / 60
    low, _ = difference_interval(30 * times, 60 * times, 25 * times, 60 * times)
    assert low > 0
    almost = (60 + 0.9 * more) / 60
    assert difference_interval(30 * almost, 60 * almost, 25 * almost, 60 * almost)[0] < 0
    assert contrast([Week(20, 40, 20, 40)]).more_per_side is None


@given(weeks_of_any)
def test_the_other_way_round_it_is_the_opposite(weeks: list[Week]) -> None:
    found = contrast(weeks)
    turned = contrast([Week(one.other_wins, one.other_n, one.wins, one.n) for one in weeks])
    opposite = {Kind.OK: Kind.BROKEN, Kind.BROKEN: Kind.OK, Kind.NOT_ENOUGH_DATA: Kind.NOT_ENOUGH_DATA}
    assert turned.kind is opposite[found.kind]
    if found.lift is None or found.interval is None or turned.interval is None:
        assert turned.lift is None
    else:
        assert turned.lift == pytest.approx(-found.lift)
        assert turned.interval == pytest.approx((-found.interval[1], -found.interval[0]))
        assert -1 <= found.interval[0] < found.interval[1] <= 1


@pytest.mark.parametrize("rate", [0.2, 0.35, 0.5])
def test_where_nothing_is_to_be_known_little_is_claimed(rate: float) -> None:
    """Exactly, over all that can happen in one week."""
    for n, other_n in product((FEWEST, 8, 20), (FEWEST, 12, 40)):
        wrong = 0.0
        for wins, other_wins in product(range(n + 1), range(other_n + 1)):
            low, _ = difference_interval(wins, n, other_wins, other_n)
            if low > 0:
                wrong += _chance(wins, n, rate) * _chance(other_wins, other_n, rate)
        assert wrong <= 0.035, (n, other_n)


def test_nor_where_good_weeks_make_the_thumb_go_up() -> None:
    """Eight weeks, each with a winrate of its own that the thumb goes after: the thumb itself knows nothing."""
    generator = np.random.default_rng(20220117)
    runs, wrong, added_up = 400, 0, 0
    for _ in range(runs):
        weeks = []
        for rate in generator.uniform(0.2, 0.8, 8):
            ups = 4 + int(generator.binomial(32, rate))
            downs = 40 - ups
            weeks.append(
                Week(int(generator.binomial(ups, rate)), ups, int(generator.binomial(downs, rate)), downs)
            )
        found = contrast(weeks)
        wrong += found.kind is not Kind.NOT_ENOUGH_DATA
        added_up += difference_interval(found.wins, found.n, found.other_wins, found.other_n)[0] > 0
    assert wrong / runs <= 0.07
    assert added_up / runs >= 0.25, "else these weeks lay no trap"


def test_a_thumb_that_knows_is_seen_as_often_as_the_docs_say() -> None:
    """0.6 against 0.4, by so many on each side, spread over eight weeks."""
    generator = np.random.default_rng(20220117)
    for n, seen in ((50, 0.42), (100, 0.75), (200, 0.96)):
        found = [_spread(generator, n).kind for _ in range(400)]
        assert found.count(Kind.OK) / len(found) == pytest.approx(seen, abs=0.06)
        assert found.count(Kind.BROKEN) <= 2


def _spread(generator: np.random.Generator, n: int) -> Contrast:
    ups, downs = (generator.multinomial(n, [1 / 8] * 8) for _ in range(2))
    return contrast(
        [
            Week(int(generator.binomial(up, 0.6)), int(up), int(generator.binomial(down, 0.4)), int(down))
            for up, down in zip(ups, downs, strict=True)
        ]
    )


def _chance(wins: int, n: int, rate: float) -> float:
    return math.comb(n, wins) * rate**wins * (1 - rate) ** (n - wins)
