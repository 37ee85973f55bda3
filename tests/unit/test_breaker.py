"""The breaker opens, probes and closes as told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaltape.breaker import CLOSED, HALF_OPEN, OPEN, Breaker

S = 1_000_000


def failed(breaker: Breaker, *seconds: float) -> Breaker:
    for one in seconds:
        breaker.failed(round(one * S))
    return breaker


@pytest.mark.parametrize(
    ("seconds", "state"),
    [
        ((0, 1, 2, 3), CLOSED),
        ((0, 1, 2, 3, 4), OPEN),
        ((0, 1, 2, 3, 30), OPEN),
        ((0, 1, 2, 3, 30.1), CLOSED),
        ((0, 10, 20, 30, 40, 50), CLOSED),
        ((0, 10, 20, 21, 22, 23, 24), OPEN),
    ],
)
def test_five_in_a_row_within_30_seconds_open_it(seconds: tuple[float, ...], state: str) -> None:
    assert failed(Breaker(), *seconds).state(round(seconds[-1] * S)) == state


def test_a_success_between_them_keeps_it_closed() -> None:
    breaker = failed(Breaker(), 0, 1, 2, 3)
    breaker.succeeded()
    assert failed(breaker, 4, 5, 6, 7).state(7 * S) == CLOSED


def test_open_it_lets_nothing_through_then_one_probe_at_a_time() -> None:
    breaker = failed(Breaker(), 0, 1, 2, 3, 4)
    assert not breaker.may(13 * S)
    assert breaker.wait_us(13 * S) == S
    assert breaker.state(14 * S) == HALF_OPEN
    assert breaker.may(14 * S)
    assert not breaker.may(15 * S)
    breaker.succeeded()
    assert breaker.state(15 * S) == CLOSED
    assert breaker.may(15 * S)


def test_a_probe_that_fails_opens_it_for_twice_as_long_up_to_five_minutes() -> None:
    breaker, now_us = failed(Breaker(), 0, 1, 2, 3, 4), 4 * S
    waits = []
    for _ in range(7):
        waits.append(breaker.wait_us(now_us) // S)
        now_us += breaker.wait_us(now_us)
        assert breaker.may(now_us)
        breaker.failed(now_us)
    assert waits == [10, 20, 40, 80, 160, 300, 300]
    assert breaker.openings == 8


def test_answers_to_what_was_asked_before_do_not_keep_it_open_for_longer() -> None:
    breaker = failed(Breaker(), 0, 1, 2, 3, 4, 9, 9.5)
    assert breaker.state(14 * S) == HALF_OPEN


def test_a_probe_that_says_nothing_lets_another_one_through() -> None:
    breaker = failed(Breaker(), 0, 1, 2, 3, 4)
    assert breaker.may(14 * S)
    breaker.undecided()
    assert breaker.may(14 * S)


def test_a_probe_that_nobody_ended_is_forgotten() -> None:
    breaker = failed(Breaker(), 0, 1, 2, 3, 4)
    assert breaker.may(14 * S)
    assert not breaker.may(23 * S)
    assert breaker.may(24 * S)


@given(
    st.lists(st.tuples(st.sampled_from(("failed", "succeeded", "may")), st.integers(0, 20 * S)), max_size=60)
)
def test_it_never_stays_shut_for_ever_and_opens_only_after_five_failures(
    steps: list[tuple[str, int]],
) -> None:
    breaker, now_us, row = Breaker(), 0, 0
    for what, later_us in steps:
        now_us += later_us
        openings = breaker.openings
        if what == "failed":
            row += 1
            breaker.failed(now_us)
        elif what == "succeeded":
            row = 0
            breaker.succeeded()
        else:
            breaker.may(now_us)
        assert breaker.openings == openings or row >= 5
        assert breaker.wait_us(now_us) <= 300 * S
    assert breaker.may(now_us + 601 * S)
