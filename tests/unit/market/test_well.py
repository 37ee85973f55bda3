"""Whether a provider is well: its delay, its silence, its place among others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.failover import START_US, Choice, Failover, Standing
from market.latency import ENOUGH, SICK_US, Latency
from market.standing import Reputation
from market.watchdog import ALONE_US, MOST_US, Watchdog
from signaltape.breaker import Breaker

S = 1_000_000
A, B, C = "okx", "bybit", "binance"


def test_the_95th_percentile_of_the_last_ten_seconds() -> None:
    latency = Latency()
    for n in range(100):
        latency.add(n, n * 1000)
    assert latency.p95_us(S) == 94_000
    assert latency.p95_us(11 * S) is None


def test_few_pieces_of_news_say_nothing() -> None:
    latency = Latency()
    for n in range(ENOUGH - 1):
        latency.add(n, 5 * S)
    assert not latency.is_sick(0)
    latency.add(ENOUGH, 5 * S)
    assert latency.is_sick(S)


def test_sick_is_above_700_ms() -> None:
    for took_us, sick in ((SICK_US, False), (SICK_US + 1, True)):
        latency = Latency()
        for n in range(ENOUGH):
            latency.add(n, took_us)
        assert latency.is_sick(S) is sick


def test_one_slow_answer_in_a_hundred_is_not_sick() -> None:
    latency = Latency()
    for n in range(100):
        latency.add(n, 5 * S if n == 50 else 1000)
    assert not latency.is_sick(S)


def test_a_clock_far_ahead_is_said() -> None:
    reputation = Reputation(lambda: S, Breaker())
    for n in range(ENOUGH):
        reputation.news.add(n, -15 * S)
    assert reputation.slow() == "has a clock 15 s ahead"
    assert reputation.skew_s() == 15.0


@pytest.mark.parametrize("odd_us", [-3_600 * S, -4 * S, 3_600 * S])
def test_one_odd_stamp_says_nothing_about_a_clock(odd_us: int) -> None:
    reputation = Reputation(lambda: S, Breaker())
    for n in range(ENOUGH):
        reputation.news.add(n, odd_us if n == 7 else 50_000)
    assert (reputation.slow(), reputation.skew_s()) == ("", -0.05)


def watched(every_us: int, count: int = 200) -> Watchdog:
    dog = Watchdog()
    for n in range(count):
        dog.heard(n * every_us)
    return dog


def asked(dog: Watchdog, other_every_us: int, from_us: int, until_us: int) -> int | None:
    """When it is silent, looked at ten times a second, while another speaks so often from then on."""
    heard_us = dog.heard_us or 0
    for quiet_us in range(100_000, until_us, 100_000):
        spoke_us = quiet_us - (quiet_us - from_us) % other_every_us if quiet_us >= from_us else -S
        if dog.is_silent(heard_us + quiet_us, heard_us + spoke_us):
            return quiet_us
    return None


def test_silence_is_two_seconds_while_another_speaks_and_half_a_minute_alone() -> None:
    assert asked(watched(100_000), 50_000, 50_000, 60 * S) == 2_100_000
    dog = watched(100_000)
    heard_us = dog.heard_us or 0
    assert not dog.is_silent(heard_us + ALONE_US - 1, None)
    assert dog.is_silent(heard_us + ALONE_US, None)


def test_where_all_are_quiet_it_is_the_market() -> None:
    assert asked(watched(100_000), 50_000, 900 * S, 600 * S) is None


def test_after_a_pause_of_all_it_may_be_the_second_to_speak() -> None:
    assert asked(watched(100_000), 50_000, 20 * S, 22 * S) is None
    assert asked(watched(100_000), 50_000, 20 * S, 23 * S) == 22 * S


def test_one_word_of_another_says_nothing() -> None:
    assert asked(watched(100_000), 100 * S, 3 * S, 29 * S) is None


def test_one_that_speaks_seldom_is_given_more_time_but_not_any() -> None:
    assert abs(watched(S).patience_us() - 6 * S) < 1000
    assert watched(60 * S).patience_us() == MOST_US


def test_one_that_was_never_heard_is_silent() -> None:
    assert Watchdog().is_silent(0, None)


def well(*names: str) -> list[Standing]:
    return [Standing(name, "" if name in names else "is not connected") for name in (A, B, C)]


def test_at_first_the_first_is_waited_for_a_moment() -> None:
    over = Failover(0)
    assert over.choose(well(B), S).provider is None
    assert over.choose(well(B), START_US).provider == B


def test_who_lists_it_first_is_first_without_a_word() -> None:
    assert Failover(0).choose(well(A, B)[1:], 0) == Choice(B, ())


def test_nobody_says_why() -> None:
    assert Failover(0).choose([], 5 * S) == Choice(None, ("no provider has it",))
    assert Failover(0).choose(well(), 5 * S).reasons == tuple(f"{n} is not connected" for n in (A, B, C))


standing = st.builds(
    Standing, st.just(""), st.sampled_from(("", "", "is silent")), st.sampled_from(("", "", "is slow"))
)


@given(st.lists(st.tuples(st.integers(0, 5 * S), standing, standing, standing), max_size=50))
def test_whatever_happens_one_that_works_is_used(
    steps: list[tuple[int, Standing, Standing, Standing]],
) -> None:
    over, now_us = Failover(0), START_US
    for later_us, *found in steps:
        now_us += later_us
        standings = [one._replace(provider=name) for name, one in zip((A, B, C), found, strict=True)]
        choice = over.choose(standings, now_us)
        of = {one.provider: one for one in standings}
        usable = [one for one in standings if not one.trouble]
        assert (choice.provider is None) == (not usable)
        if choice.provider is not None:
            assert not of[choice.provider].trouble
            assert of[choice.provider].is_well or not any(one.is_well for one in usable)
            assert choice.reasons or (choice.provider == A and of[A].is_well)
