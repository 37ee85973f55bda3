"""What clicks and reactions say, one after another, against a person who keeps a list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.feedback.said import Said, latency_ms, of_reaction, of_word, standing_after

NOON = datetime(2022, 1, 18, 12, tzinfo=UTC)
words = st.sampled_from(["up", "dn", "took", "skip"])
thumbs = st.sampled_from(
    [("👍", ""), ("👎", ""), ("", "👍"), ("", "👎"), ("👍", "👎"), ("👎", "👍"), ("🔥", "👍")]
)


def walked(steps: list[str | tuple[str, str]]) -> dict[str, str]:
    """By the list: what is lit on each of the two rows."""
    lit = {"rating": "none", "took": "none"}
    names = {"up": "up", "dn": "down", "took": "took", "skip": "skipped", "👍": "up", "👎": "down"}
    for step in steps:
        if isinstance(step, str):
            row = "rating" if step in ("up", "dn") else "took"
            lit[row] = "none" if lit[row] == names[step] else names[step]
            continue
        gained, lost = step
        if gained in names:
            lit["rating"] = names[gained]
        elif lost in names and lit["rating"] == names[lost]:
            lit["rating"] = "none"
    return lit


@given(st.lists(st.one_of(words, thumbs)))
def test_the_last_one_wins(steps: list[str | tuple[str, str]]) -> None:
    now = {"rating": "none", "took": "none"}
    for step in steps:
        said = of_word(step) if isinstance(step, str) else of_reaction([step[0]], [step[1]])
        if said is not None:
            now[said.kind] = (
                standing_after(now[said.kind], said, pressed=isinstance(step, str)) or now[said.kind]
            )
    assert now == walked(steps)


@given(st.lists(st.text(max_size=3), max_size=4), st.lists(st.text(max_size=3), max_size=4))
def test_whatever_reactions_there_are_they_are_read(gained: list[str], lost: list[str]) -> None:
    said = of_reaction(gained, lost)
    assert said is None or (said.kind == "rating" and said.value in ("up", "down", "none"))


@pytest.mark.parametrize("thumb", ["👍", "👍🏽", "👍️"])
def test_a_thumb_of_any_colour_is_a_thumb(thumb: str) -> None:
    assert of_reaction([thumb], []) == Said("rating", "up")


@pytest.mark.parametrize("word", ["sn30", "", "UP", "none"])
def test_other_words_judge_nothing(word: str) -> None:
    assert of_word(word) is None


@pytest.mark.parametrize(
    ("after", "latency"),
    [
        (timedelta(seconds=1.5), 1500),
        (timedelta(0), 0),
        (timedelta(seconds=-0.9), 0),
        (timedelta(seconds=-2), None),
    ],
)
def test_latency_forgives_telegram_its_whole_seconds(after: timedelta, latency: int | None) -> None:
    assert latency_ms(NOON, NOON + after) == latency
    assert latency_ms(None, NOON + after) is None
