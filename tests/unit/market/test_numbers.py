"""What is a number, and what only looks like one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.exchanges.errors import Unreadable
from market.exchanges.numbers import decimal_of, micros_of, price_of, side_of, volume_of

NO_NUMBERS = [
    "",
    "NaN",
    "sNaN",
    "Infinity",
    "-inf",
    "1e400",
    "1E+999999999",
    "1e-400",
    "x",
    " ",
    "1,5",
    "9" * 41,
]
NO_NUMBERS += [None, [], {}, True, 1.5, b"1", 10**30]  # type: ignore[list-item]


@pytest.mark.parametrize("given", NO_NUMBERS, ids=str)
def test_what_is_no_sane_number_is_none(given: object) -> None:
    assert decimal_of(given).is_nan()
    assert not decimal_of(given).is_snan()
    with pytest.raises(Unreadable):
        price_of(given)
    with pytest.raises(Unreadable):
        volume_of(given)


def test_the_digits_are_kept() -> None:
    assert str(decimal_of("43100.10")) == "43100.10"
    assert str(decimal_of("-0.000187539128482800")) == "-0.000187539128482800"
    assert decimal_of(7) == 7


@given(st.decimals(min_value="0.00000001", max_value="99999999", places=8))
def test_a_price_is_what_was_sent(price: Decimal) -> None:
    assert price_of(str(price)) == price


@pytest.mark.parametrize("given", ["0", "-1", "0.0"])
def test_no_price_is_0_or_less(given: str) -> None:
    with pytest.raises(Unreadable):
        price_of(given)


def test_a_minute_without_trades_has_a_volume_of_0() -> None:
    assert volume_of("0") == 0
    with pytest.raises(Unreadable):
        volume_of("-0.1")


@pytest.mark.parametrize("given", ["", None, "0", "0.00000000"])
def test_an_empty_side_of_the_book_is_none(given: object) -> None:
    assert side_of(given) is None


def test_a_side_with_nonsense_is_not_an_empty_one() -> None:
    with pytest.raises(Unreadable):
        side_of("NaN")
    assert side_of("1.5") == Decimal("1.5")


@pytest.mark.parametrize("given", ["0", 0, -1, "-5", "", "soon", 10**13, "1e30", None])
def test_no_time_is_in_no_year(given: object) -> None:
    with pytest.raises(Unreadable):
        micros_of(given)


def test_milliseconds_as_text_or_number() -> None:
    assert micros_of("1630048897897") == micros_of(1630048897897) == 1_630_048_897_897_000
    assert micros_of("1630048897897.25") == 1_630_048_897_897_250


@given(st.one_of(st.text(), st.integers(), st.none(), st.floats(), st.binary(), st.lists(st.text())))
def test_anything_at_all_is_a_number_or_nan(given: object) -> None:
    number = decimal_of(given)
    assert number.is_nan() or (number.is_finite() and abs(number.adjusted()) <= 20)
