"""The mark of a message that may repeat another, and texts that have to fit messages that stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbox.marking import MAX_ONE_PART, MAX_REF, fitted, mark, marked, parts_of, ref_in
from outbox.text import MAX_TEXT_UNITS, Entity, Text, units

TEXTS = st.text(st.sampled_from("a📈\n é"), min_size=1, max_size=60).map(lambda one: Text(one * 300))


def test_the_last_line_says_it() -> None:
    assert marked(Text("BTC long", [Entity("bold", 0, 3)]), "ib_1") == Text(
        "BTC long\n\nmay repeat · ib_1", [Entity("bold", 0, 3), Entity("italic", 10, 17)]
    )
    assert marked(Text("paused"), None).text == "paused\n\nmay repeat"


@pytest.mark.parametrize(
    ("key", "ref"),
    [("alert:ib_1:-42", "ib_1"), ("alert:ib_1:-42:7", "ib_1"), ("answer:7", None), ("k", None), ("", None)],
)
def test_a_key_says_the_name(key: str, ref: str | None) -> None:
    assert ref_in(key) == ref


@given(TEXTS, st.none() | st.text(max_size=80))
def test_a_part_and_its_mark_are_one_message(text: Text, ref: str | None) -> None:
    parts = parts_of(text, ref, True)
    assert "".join(part.text for part in parts) == text.text
    assert all(units(marked(part, ref).text) <= MAX_TEXT_UNITS for part in parts)
    assert all("\n" not in mark(ref)[2:] for _ in parts)


@given(st.text(st.sampled_from("a📈"), min_size=1).filter(lambda one: units(one) <= MAX_ONE_PART))
def test_what_is_said_to_be_one_part_is_one(text: str) -> None:
    assert len(parts_of(Text(text), "📈" * MAX_REF, True)) == 1


@given(TEXTS, st.integers(1, 6))
def test_a_text_fits_the_messages_that_stand(text: Text, count: int) -> None:
    parts = parts_of(text, "ib_1", True)
    fit = fitted(parts, count)
    assert len(fit) == count
    assert all(0 < units(marked(part, "ib_1").text) <= MAX_TEXT_UNITS for part in fit)
    assert all(one.offset + one.length <= units(part.text) for part in fit for one in part.entities)
    if len(parts) > count:
        assert fit[-1].text.endswith("…")
