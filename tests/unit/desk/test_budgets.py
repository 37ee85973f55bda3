"""Budgets: never more than so many in any stretch of the length, in whichever order they come."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.policy.budgets import Window, free_at, longest, parse_windows, used_up
from signaltape.errors import SettingsError
from tests.support.alerts import TWO

SECOND = timedelta(seconds=1)
windows = st.lists(
    st.builds(Window, st.integers(1, 4), st.integers(1, 40).map(lambda n: n * SECOND)), min_size=1, max_size=3
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/5m", (Window(1, timedelta(minutes=5)),)),
        ("1/5m,6/1h", (Window(1, timedelta(minutes=5)), Window(6, timedelta(hours=1)))),
        ("10/90s, 2/1d", (Window(10, timedelta(seconds=90)), Window(2, timedelta(days=1)))),
    ],
)
def test_windows_are_read_and_said_alike(text: str, expected: tuple[Window, ...]) -> None:
    assert parse_windows(text) == expected
    assert parse_windows(",".join(map(str, expected))) == expected


@pytest.mark.parametrize(
    "text",
    ["", "1", "0/5m", "1/0m", "1/5y", "1/8d", "-1/5m", "1/5m,", "1 / 5m", "¹/5m", "1/1m," * 4 + "1/1m"],
)
def test_a_budget_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_windows(text)


@given(windows, st.lists(st.integers(0, 120), max_size=60), st.booleans())
def test_no_stretch_of_a_windows_length_holds_more_than_it_may(
    several: list[Window], times: list[int], in_order: bool
) -> None:
    """Each alert comes at a time of its own, also before others (a clock that was set back); what has room is sent."""
    sent: list[datetime] = []
    for time in sorted(times) if in_order else times:
        now = TWO + time * SECOND
        if used_up(several, sent, now) is None:
            sent.append(now)
    for window in several:
        for begin in sent:
            assert sum(begin <= one < begin + window.length for one in sent) <= window.most


@given(windows, st.lists(st.integers(0, 120), max_size=40))
def test_what_has_room_is_never_refused(several: list[Window], times: list[int]) -> None:
    sent: list[datetime] = []
    for time in sorted(times):
        now = TWO + time * SECOND
        full = any(sum(now - window.length < one <= now for one in sent) >= window.most for window in several)
        assert (used_up(several, sent, now) is not None) == full
        if not full:
            sent.append(now)


@given(
    st.builds(Window, st.integers(1, 4), st.integers(1, 40).map(lambda n: n * SECOND)),
    st.lists(st.integers(0, 60)),
)
def test_a_window_is_free_when_it_is_said_to_be_and_no_sooner(window: Window, times: list[int]) -> None:
    sent: list[datetime] = []
    for time in sorted(times):
        now = TWO + time * SECOND
        if used_up([window], sent, now) is None:
            sent.append(now)
    now = TWO + 60 * SECOND
    at = free_at(window, sent, now)
    assert used_up([window], sent, at) is None
    assert at == now or used_up([window], sent, at - timedelta(microseconds=1)) is not None


def test_a_stretch_ends_before_what_is_a_whole_length_away() -> None:
    """One was sent before now and one is from a clock that was ahead: no stretch holds all three."""
    sent = [TWO - 5 * SECOND, TWO + 5 * SECOND]
    assert used_up([Window(2, 10 * SECOND)], sent, TWO) is None
    assert used_up([Window(2, 11 * SECOND)], sent, TWO) is not None


def test_how_far_back_what_was_sent_matters() -> None:
    assert longest({"coin": parse_windows("1/5m,6/1h"), "sniper": parse_windows("1/3m")}) == timedelta(
        hours=1
    )
    assert longest({}) == timedelta()
