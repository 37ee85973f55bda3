"""The price of a line: as people write it, and never one that the tape would refuse."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.acts.lines import read_price
from signaltape.contract.record_codec import check_record
from signaltape.errors import InvalidRequest
from tests.support.samples import as_json


@pytest.mark.parametrize(
    ("word", "price"),
    [("150", "150"), ("0.00012", "0.00012"), ("64,500.5", "64500.5"), ("1,234,567", "1234567")],
)
def test_prices_as_people_write_them(word: str, price: str) -> None:
    assert read_price(word) == Decimal(price)


@pytest.mark.parametrize(
    "word", ["0", "0.0", "-1", "150,5", "1e9", "NaN", "١٥٠", "1" * 15, ".5", "5.", "1,2345", "<b>", ""]
)
def test_what_is_no_price_is_refused_in_words(word: str) -> None:
    with pytest.raises(InvalidRequest, match="a price is a number above 0"):
        read_price(word)


@given(st.from_regex(r"[0-9]{1,15}(\.[0-9]{1,20})?", fullmatch=True))
def test_what_is_taken_is_taken_by_the_tape(word: str) -> None:
    try:
        price = read_price(word)
    except InvalidRequest:
        return
    line = {"command": "set_line", "lineId": "1", "symbol": "SOL", "direction": "above", "price": price}
    check_record("order_command", as_json({**line, "by": "ana", "via": "telegram"}))
