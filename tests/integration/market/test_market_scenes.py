"""The market at two exchanges: scenes in which seconds have to pass, played side by side."""

from __future__ import annotations

from functools import partial

import pytest

from signaltape import Settings
from tests.integration.market import market_demand as demand
from tests.integration.market import market_ends as ends
from tests.integration.market import market_fallback as fallback
from tests.integration.market import market_quality as quality
from tests.integration.market import market_remembers as remembers
from tests.integration.market import market_without_redis as without_redis
from tests.support.side_by_side import side_by_side

pytestmark = pytest.mark.deep


def test_one_exchange_fails_and_another_goes_on(settings: Settings, subtests: pytest.Subtests) -> None:
    side_by_side(
        settings,
        subtests,
        partial(fallback.another_exchange_goes_on_within_3_seconds, fault="silent"),
        partial(fallback.another_exchange_goes_on_within_3_seconds, fault="deaf"),
        partial(fallback.another_exchange_goes_on_within_3_seconds, fault="cut"),
        fallback.a_bar_is_what_was_sent_to_the_last_digit,
        fallback.a_stream_that_is_silent_about_one_symbol_alone_is_noticed,
        fallback.the_last_good_price_is_told_as_bad_while_nobody_trades,
        fallback.a_connection_is_renewed_without_a_second_missing_or_a_trade_twice,
    )


def test_what_is_wrong_and_what_is_followed(settings: Settings, subtests: pytest.Subtests) -> None:
    side_by_side(
        settings,
        subtests,
        quality.a_negative_open_interest_and_a_funding_rate_that_is_no_number,
        quality.a_crossed_book_is_bad_and_another_exchange_is_preferred_then,
        quality.what_comes_twice_out_of_order_or_late_makes_no_bar_wrong,
        quality.news_that_is_late_makes_an_exchange_slow,
        demand.a_signal_makes_its_symbol_followed_as_it_is_spelled_and_for_an_hour_after,
        demand.what_cannot_be_followed_is_said_in_words,
        demand.an_exchange_that_fails_five_times_is_left_alone_and_taken_back_by_a_probe,
    )


def test_a_market_and_the_one_after_it(settings: Settings, subtests: pytest.Subtests) -> None:
    side_by_side(
        settings,
        subtests,
        ends.sigterm_loses_nothing_of_what_was_emitted,
        ends.after_a_kill_nothing_is_told_twice,
        ends.a_gap_of_an_hour_is_filled_before_anything_else_is_told,
        ends.the_minutes_of_a_gap_come_from_another_exchange_if_the_first_does_not_answer,
        remembers.what_was_asked_for_while_no_market_ran_is_followed,
        remembers.a_market_goes_on_to_hear_where_the_last_one_was_not_where_it_ended,
        remembers.a_market_whose_clock_was_ahead_makes_the_next_one_deaf_to_nothing,
        remembers.a_start_without_redis_forgets_no_open_order,
        without_redis.no_second_is_missing_after_redis_was_away,
    )
