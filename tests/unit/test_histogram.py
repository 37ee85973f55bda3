"""Histograms: every quantile within 1 %, added up in any order, and as short texts that are read back or refused."""

from __future__ import annotations

import math
import re
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signaltape import InvalidEvent
from signaltape.measuring import Histogram
from signaltape.measuring.histogram import ALPHA, GAMMA, LARGEST, LAST, SMALLEST, ZERO, index_of, value_of
from signaltape.measuring.series import HISTOGRAM_CHARS
from signaltape.measuring.text import LONGEST

#: Of a double's own rounding: a value on the edge of two buckets may be counted in either.
ROUNDING = 1e-9
#: So many buckets always have room in a text, with up to so many values in each.
ALWAYS_EXACT, MANY = 380, 32_768

measured = st.floats(min_value=SMALLEST, max_value=LARGEST, exclude_min=True)
shares = st.floats(min_value=0, max_value=1)
buckets = st.dictionaries(st.integers(ZERO, LAST), st.integers(1, MANY), max_size=ALWAYS_EXACT)


def of(values: list[float]) -> Histogram:
    seen = Histogram()
    for value in values:
        seen.add(value)
    return seen


def added(*several: Histogram) -> Histogram:
    total = Histogram()
    for one in several:
        total.merge(one)
    return total


@given(values=st.lists(measured, min_size=1, max_size=200), q=shares)
@example(values=[1.0] * 95 + [1000.0] * 5, q=0.95)
@example(values=[LARGEST], q=1)
def test_a_quantile_is_within_one_percent_of_the_exact_one(values: list[float], q: float) -> None:
    exact = float(np.quantile(values, q, method="lower"))
    found = of(values).quantile(q)
    assert found is not None
    assert abs(found - exact) <= (ALPHA + ROUNDING) * exact


@given(st.integers(0, 2**32))
def test_so_are_those_of_many_answers_of_an_engine(seed: int) -> None:
    values = np.random.default_rng(seed).lognormal(4, 1.2, 2000)
    seen = of(values.tolist())
    for q in (0.5, 0.9, 0.95, 0.99, 0.999):
        assert seen.quantile(q) == pytest.approx(np.quantile(values, q, method="lower"), rel=ALPHA + ROUNDING)


@given(st.lists(st.lists(measured, max_size=50), min_size=3, max_size=3))
def test_it_is_all_the_same_in_which_order_they_are_added_up(lists: list[list[float]]) -> None:
    a, b, c = map(of, lists)
    assert added(a, b) == added(b, a)
    assert added(added(a, b), c) == added(a, added(b, c)) == of([*lists[0], *lists[1], *lists[2]])


def test_adding_up_leaves_what_is_added_as_it_was() -> None:
    one, other = of([1.0]), of([2.0])
    one.merge(other)
    assert (one.count, other.count) == (2, 1)


@given(st.floats(max_value=SMALLEST, min_value=-LARGEST))
def test_what_is_no_more_than_a_thousandth_counts_as_nothing(value: float) -> None:
    assert of([value]).buckets() == {ZERO: 1}
    assert of([value]).quantile(0.5) == 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.1e15, -1.1e15])
def test_what_is_no_value_is_refused(value: float) -> None:
    with pytest.raises(InvalidEvent, match=r"a value must be a number between -1e15 and 1e15, got"):
        Histogram().add(value)


def test_of_nothing_there_is_no_quantile() -> None:
    assert Histogram().quantile(0.5) is None
    with pytest.raises(ValueError, match=r"q must be in 0\.\.1, got 95"):
        Histogram().quantile(95)


@given(values=st.lists(measured, max_size=100), limit=measured)
def test_what_is_above_a_limit_is_counted_to_within_its_bucket(values: list[float], limit: float) -> None:
    seen = of(values).above(limit)
    assert sum(value > limit * GAMMA * (1 + ROUNDING) for value in values) <= seen
    assert seen <= sum(value > limit for value in values)


@given(st.integers(ZERO + 2, LAST - 1))
def test_a_buckets_value_lies_in_it(index: int) -> None:
    """Of the first and the last one a part is no value of theirs."""
    assert index_of(value_of(index)) == index


@given(buckets)
def test_a_text_is_read_back_as_it_was(counts: dict[int, int]) -> None:
    written = Histogram(counts).to_text()
    assert len(written) <= LONGEST
    assert Histogram.from_text(written) == Histogram(counts)


@given(
    seed=st.integers(0, 2**32),
    filled=st.integers(ALWAYS_EXACT, LAST - ZERO + 1),
    longest=st.sampled_from((LONGEST, HISTOGRAM_CHARS)),
)
def test_a_text_that_would_be_too_long_keeps_what_is_largest(seed: int, filled: int, longest: int) -> None:
    chance = Random(seed)
    counts = {index: chance.randint(1, 2**28) for index in chance.sample(range(ZERO, LAST + 1), filled)}
    written = Histogram(counts).to_text(longest)
    read = Histogram.from_text(written)
    assert len(written) <= longest
    assert read.count == sum(counts.values())
    (last, merged), *kept = read.buckets().items()
    assert dict(kept) == {index: count for index, count in counts.items() if index > last}
    assert merged == sum(count for index, count in counts.items() if index <= last)


def test_a_full_second_of_every_latency_is_still_exact_above_its_smallest() -> None:
    """Every bucket from 1 µs to a day, each with a thousand values: more than any engine answers."""
    counts = dict.fromkeys(range(index_of(1e-3) + 1, index_of(86_400_000)), 1000)
    read = Histogram.from_text(Histogram(counts).to_text(HISTOGRAM_CHARS))
    for q in (0.6, 0.95, 0.99):
        assert read.quantile(q) == Histogram(counts).quantile(q)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "begins with 1: and has at most 2000 characters"),
        ("2:A", "begins with 1:"),
        ("1:" + "A" * LONGEST, "at most 2000 characters"),
        ("1:a!", "has no '!' here"),
        ("1:g", "ends amid a number"),
        ("1:.", "ends amid a number"),
        ("1:.A", "ends amid a number"),
        ("1:..A", "has no '.' here"),
        ("1:.AA", "another way to write it"),
        ("1:gA", "another way to write it"),
        ("1:.___BA", "lies beyond the last one"),
        ("1:" + "A" * (LONGEST - 10) + ".9CA", "lies beyond the last one"),
        ("1:" + "g" * 13 + "B", "more than 10\\^12 values"),
    ],
)
def test_any_other_text_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Histogram.from_text(text)


@given(st.one_of(st.text(max_size=50), st.text("1:.ABghz09_-", max_size=60).map("1:".__add__)))
def test_a_text_from_anywhere_is_either_refused_or_the_only_one_of_its_histogram(text: str) -> None:
    try:
        read = Histogram.from_text(text)
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        assert read.to_text() == text


def test_the_page_says_what_comes_out() -> None:
    page = (Path(__file__).parents[2] / "docs" / "measuring.md").read_text()
    first, second = re.findall(r'"(1:[^"]+)"', page)
    total = added(Histogram.from_text(first), Histogram.from_text(second))
    quantile = total.quantile(0.95)
    assert quantile is not None
    assert f"total.quantile(0.95)  # {quantile:.1f};" in page
    assert f"how many were longer: {total.above(650)}" in page
    assert [*Histogram.from_text("1:.IABhC").buckets().values()] == [1, 2, 66]
    assert min(Histogram.from_text("1:.IABhC").buckets()) == ZERO + 8
