"""The bounds of the contract: numbers with more digits than anyone needs, depth, size, zones that do not exist."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaltape.contract.codec import encode, validate
from signaltape.contract.limits import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_EVENT_BYTES,
    inspect,
    needs_a_look,
    written_oddly,
)
from signaltape.contract.record_codec import check_record
from signaltape.errors import InvalidEvent
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import as_json, closed, published


def with_number(text: str) -> bytes:
    """A published event that holds a number, written as it stands, in a key that nobody knows."""
    return as_json(published())[:-1] + b',"note":"x","more":{"deep":[1,' + text.encode() + b"]}}"


def refusal(data: bytes, name: str = "signal_published") -> str:
    with pytest.raises(InvalidEvent) as caught:
        validate(name, data)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        *("1e200000", "1E+200000", "-1e-200000", "1" * 20_000, "0." + "1" * 20_000, "1e99999999999999999999"),
        *("1e1100", "1e-1100", "0e1101", "9" * 1101, "1" * 600 + "." + "1" * 600, "0.1e0001101"),
    ],
)
def test_a_number_with_too_many_digits_is_refused_wherever_it_stands(text: str) -> None:
    said = refusal(with_number(text))
    assert f"must be a number of at most {MAX_DIGITS} digits" in said
    assert "more.deep[1]" in said or len(text) > 4300, "beyond that Python itself does not read it"


@pytest.mark.parametrize(
    "text",
    ["5e-324", "4.9406564584124654e-324", "1.7976931348623157e308", "1e1099", "1e-1099", "9" * 1100, "-0.0"],
)
def test_every_double_passes_and_some_more(text: str) -> None:
    validate("signal_published", with_number(text))


def test_every_double_passes_even_to_its_last_digit() -> None:
    validate("signal_published", encode(published(more=Decimal.from_float(5e-324))))


@pytest.mark.parametrize("field", ["confluence_score", "rr", "confidence", "entry"])
@pytest.mark.parametrize("value", ["1e-5000", "0." + "0" * 1200 + "1"])
def test_the_known_numbers_have_the_bound_also_as_text(field: str, value: str) -> None:
    assert refusal(as_json(published(**{field: value}))).startswith(f"{field} must be")


@pytest.mark.parametrize("value", ["1e200000", "1e-200000", Decimal("1e-2000")])
def test_a_layers_weight_has_it_too(value: Any) -> None:
    assert "weight must be a number of at most" in refusal(
        as_json(published(layers={"smc": {"match": True, "weight": value}}))
    )


def _bracketed(depth: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return as_json(published())[:-1] + b',"more":' + opening * depth + b"1" + closing * depth + b"}"


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[1,{"a":', b"}]")])
def test_what_is_nested_too_deeply_is_refused(opening: bytes, closing: bytes) -> None:
    levels = opening.count(b"[") + opening.count(b"{")
    validate("signal_published", _bracketed((MAX_DEPTH - 1) // levels, opening, closing))
    for depth in (MAX_DEPTH // levels + 1, 980 // levels, 50_000):
        assert "nested so deeply" in refusal(_bracketed(depth, opening, closing))


def test_a_flat_list_may_be_long() -> None:
    check_record("market_book", as_json({**RECORD_SAMPLES["market_book"], "bids": [[222.0, 3]] * 5000}))


def test_an_event_that_grows_when_its_numbers_are_written_out_is_refused() -> None:
    numbers = b",".join([b"1e1099"] * 130_000)
    assert f"at most {MAX_EVENT_BYTES} bytes with its numbers written out" in refusal(
        with_number(f"[{numbers.decode()}]")
    )
    validate("signal_published", with_number(f"[{','.join(['1.5e10'] * 20_000)}]"))


def test_digits_in_a_text_or_an_id_are_no_number() -> None:
    validate(
        "signal_published",
        as_json(published("1e999999-1e99-4e99-9e99-1e9999999e99", note="9" * 5000 + " 1e200000 ")),
    )
    validate("signal_published", as_json(published(note=":1e200000", more={"1e99999": 1})))


def test_looking_at_hostile_digits_takes_no_time() -> None:
    data = with_number('"' + "1e1234567890" * 80_000 + '"')
    started = time.perf_counter()
    if needs_a_look(data):
        inspect(data)
    assert time.perf_counter() - started < 2


def _digits(text: str) -> int:
    mantissa, _, exponent = text.lower().lstrip("-").partition("e")
    whole, _, part = mantissa.partition(".")
    return max(1, len(whole.lstrip("0")) + int(exponent or 0)) + max(0, len(part) - int(exponent or 0))


numbers = st.builds(
    lambda sign, whole, part, exponent: f"{sign}{whole}{part}{exponent}",
    st.sampled_from(["", "-"]),
    st.sampled_from(["1", "9" * 3, "1" * 499, "1" * 500, "1" * 1001, "1" * 1100]),
    st.sampled_from(["", ".5", "." + "1" * 99, "." + "1" * 501, "." + "1" * 1099]),
    st.sampled_from(
        ["", "e5", "e-7", "E+99", "E-99", "e100", "E+999", "e-999", "e1099", "e1100", "e-1098", "e2000"]
    ),
)


@given(numbers)
def test_the_cheap_look_misses_no_number_that_is_too_long(text: str) -> None:
    data = with_number(text)
    assert needs_a_look(data) or _digits(text) <= MAX_DIGITS
    try:
        validate("signal_published", data)
    except InvalidEvent as error:
        assert "digits" in str(error)
        assert _digits(text) > MAX_DIGITS
    else:
        assert _digits(text) <= MAX_DIGITS


@given(numbers.map(Decimal))
def test_nor_does_the_quicker_one_for_what_python_writes(value: Decimal) -> None:
    data = encode(published(more=value))
    assert written_oddly(data) or not needs_a_look(data) or _passes(data)


def _passes(data: bytes) -> bool:
    validate("signal_published", data)
    return True


@pytest.mark.parametrize("offset", ["+16:00", "-16:00", "+23:59"])
def test_a_zone_that_postgres_does_not_know_is_refused(offset: str) -> None:
    said = refusal(as_json(closed(ts_closed=f"2022-01-17T09:30:00{offset}")), "signal_closed")
    assert said.startswith("ts_closed must be less than 16 hours from UTC, got 2022-01-17T09:30:00")
    with pytest.raises(InvalidEvent, match="timestamp must be less than 16 hours from UTC"):
        check_record(
            "state_event",
            as_json({**RECORD_SAMPLES["state_event"], "timestamp": f"2022-01-17T09:30:00{offset}"}),
        )


def test_a_layers_name_has_the_length_of_a_text() -> None:
    validate("signal_published", as_json(published(layers={"é" * 512: True})))
    assert (
        refusal(as_json(published(layers={"é" * 513: True})))
        == "the names in layers must be texts of at most 512 characters"
    )


@pytest.mark.parametrize("odd", ["1e350", "1e99999", "1" * 5000, "[" * 900 + "]" * 900], ids=range(4))
def test_a_nul_beside_what_python_does_not_read_is_refused_in_words(odd: str) -> None:
    assert refusal(with_number(odd).replace(b'"x"', b'"a\\u0000b"'))


def test_exponents_of_two_digits_and_ids_are_passed_by_the_cheap_look() -> None:
    for text in ("1e21", "1e+21", "1.5e-17", "-1E-99"):
        assert not needs_a_look(with_number(text))
    passed = sum(not needs_a_look(as_json(published())) for _ in range(1000))
    assert passed == 1000
