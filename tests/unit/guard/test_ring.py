"""Counts by the minute in a ring: as if all minutes stood in a dictionary, whatever the order in which they come."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from guard.model.ring import Ring

_ADDED = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9), st.integers(0, 9)), max_size=40)
SIZE = 20


@given(_ADDED, st.integers(0, 70), st.integers(1, SIZE))
def test_sums_are_those_of_a_dictionary_of_the_minutes_that_fit(
    added: list[tuple[int, int, int]], until: int, minutes: int
) -> None:
    ring, good, bad = Ring(SIZE), Counter[int](), Counter[int]()
    newest = -1
    for minute, one_good, one_bad in added:
        newest = max(newest, minute)
        ring.add(minute, one_good, one_bad)
        good[minute] += one_good
        bad[minute] += one_bad
    window = range(max(until - minutes + 1, newest - SIZE + 1), until + 1)
    assert ring.sums(until, minutes) == (sum(good[one] for one in window), sum(bad[one] for one in window))


def test_an_empty_one_has_nothing() -> None:
    assert Ring(5).sums(100, 5) == (0, 0)


def test_a_leap_of_years_takes_no_time() -> None:
    ring = Ring(5)
    ring.add(1, 1, 1)
    ring.add(10**12, 2, 3)
    assert ring.sums(10**12, 5) == (2, 3)


def test_what_is_too_old_to_be_counted_makes_nothing_known() -> None:
    """Of a journal that was shipped late: else one record would make three days of a bad quarter of an hour."""
    ring = Ring(SIZE)
    ring.add(1000, 0, 5)
    ring.add(1000 - SIZE, 9, 0)
    assert ring.first == 1000
