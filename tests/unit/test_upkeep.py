"""What the pages that look after things decide without a server: bytes, contents side by side, texts, choices."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from outbox.text import Entity
from reports.operations.rules import weights_of
from signaltape.clock import WIB
from signaltape.errors import InvalidRequest
from sink.dead_letters import Filter
from web.differing import side_by_side
from web.http.problems import Problem
from web.letters import choice_of, letters_of
from web.message_text import as_html
from web.pages.whatif import pairs_of
from web.plain_bytes import shown, visible

TEXTS = st.text(st.characters(codec="utf-8"))


@given(st.binary(max_size=200))
def test_any_bytes_become_a_text_in_which_everything_can_be_seen(raw: bytes) -> None:
    text = shown(raw).text
    assert all(sign in "\n\t" or sign.isprintable() or sign.isspace() for sign in text)


def test_bytes_that_are_no_text_and_marks_that_cannot_be_seen_are_written_out() -> None:
    assert visible("a\u202eb\x00é\U000e0041") == r"a\u202eb\x00é\U000e0041"
    assert shown(b"\xffab", most=2) == (r"\xffa", 1)


def test_contents_are_compared_value_by_value_with_numbers_as_they_stand() -> None:
    pairs = side_by_side(
        '{"a": 0.10, "b": {"c": [1, 2]}, "d": 1}', '{"a": 0.1, "b": {"c": [1, 2]}, "e": null}'
    )
    assert [tuple(pair) for pair in pairs] == [
        ("a", "0.10", "0.1"),
        ("d", "1", ""),
        ("e", "", "null"),
        ("b.c", "[1,2]", "[1,2]"),
    ]
    assert [pair.differs for pair in side_by_side(None, '{"a": 1}')] == [True]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_the_same_content_differs_nowhere(value: object) -> None:
    text = msgspec.json.encode(value).decode()
    assert not any(pair.differs for pair in side_by_side(text, text))


def test_formatting_counts_in_utf_16_and_may_overlap() -> None:
    html = as_html("📊 a<b", [Entity("bold", 0, 4), Entity("italic", 3, 2), Entity("unheard", 0, 9)])
    assert html == (
        '<span class="m-bold">📊 </span><span class="m-bold m-italic">a</span><span class="m-italic">&lt;</span>b'
    )


ENTITIES = st.builds(Entity, st.sampled_from(["bold", "code", "x"]), st.integers(-5, 30), st.integers(-5, 30))


@given(st.text(max_size=20), st.lists(ENTITIES, max_size=4))
def test_whatever_a_message_holds_its_text_is_whole_and_escaped(text: str, entities: list[Entity]) -> None:
    html = as_html(text, entities)
    assert "<script" not in as_html("<script>", entities)
    if text.isalnum() and text.isascii():
        assert html.striptags() == text


def test_letters_are_looked_for_by_whole_days_and_lead_back_to_their_address() -> None:
    letters = letters_of({"reason": "a&b", "since": "2022-01-17", "until": "2022-01-17"})
    assert letters.address == "/quality?reason=a%26b&since=2022-01-17&until=2022-01-17"
    assert (letters.which.since, letters.which.until) == (
        datetime(2022, 1, 17, tzinfo=WIB),
        datetime(2022, 1, 18, tzinfo=WIB),
    )
    assert letters.until == date(2022, 1, 17)


def test_a_choice_is_of_ids_or_of_all_that_match() -> None:
    few = choice_of(MultiDict([("id", "3"), ("id", "1"), ("id", "3"), ("event", "x")]))
    assert (few.which, few.everything) == (Filter(ids=[1, 3]), False)
    assert choice_of(MultiDict(all="1", event="x")).which == Filter(event="x")
    assert choice_of(MultiDict(all="1")).everything
    for none in (MultiDict(), MultiDict(event="x"), MultiDict(id="٣"), MultiDict(id="9" * 19)):
        with pytest.raises(Problem):
            choice_of(none)


def test_lines_of_the_form_without_a_name_or_a_weight_are_left_out() -> None:
    lines = [("a", "1"), ("", "2"), ("b", "")]
    typed = MultiDict(pair for layer, weight in lines for pair in (("layer", layer), ("weight", weight)))
    assert pairs_of(typed) == [("a", "1")]
    with pytest.raises(Problem):
        pairs_of(MultiDict(layer="a"))


def test_weights_are_read_exactly_or_refused() -> None:
    exact = Decimal("0.30000000000000000001")
    assert weights_of(b'{"a": 0.30000000000000000001, "b": "2"}') == {"a": exact, "b": Decimal(2)}
    for wrong in (
        b'{"a": 1e9}',
        b'{"a": "NaN"}',
        b'{"a": -1}',
        b"{}",
        b"[]",
        b'{"a": "1e-99999999999999999999"}',
    ):
        with pytest.raises(InvalidRequest):
            weights_of(wrong)
