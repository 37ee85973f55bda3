"""What is read of an update, and of a button: total, whatever comes; only a person's own words are any."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.asking import panel
from desk.callbacks import AlertPress, ConfirmationPress, PanelPress, confirmation, press_of
from desk.heard import LONGEST_TEXT, Heard, Ignored, heard, number_of

ME = "tape_bot"
_NAMES = st.sampled_from(
    [
        "update_id",
        "message",
        "callback_query",
        "message_reaction",
        "from",
        "chat",
        "id",
        "text",
        "date",
        "data",
        "type",
    ]
)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_NAMES | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=30,
)


def message(text: str, **more: Any) -> dict[str, Any]:
    return {
        "update_id": 7,
        "message": {
            "message_id": 1,
            "from": {"id": 5, "is_bot": False},
            "chat": {"id": -100, "type": "supergroup"},
            "date": 1_760_000_000,
            "text": text,
            **more,
        },
    }


def said(text: str, **more: Any) -> Heard:
    found = heard(message(text, **more), ME)
    assert isinstance(found, Heard), found
    return found


def test_a_command_and_its_words() -> None:
    found = said("/RISK@Tape_Bot  1.0\n2")
    assert found.words == ["risk", "1.0", "2"]
    assert (found.user_id, found.chat_id, found.thread_id, found.named, found.cut) == (
        5,
        "-100",
        None,
        True,
        False,
    )


def test_a_topic_is_one_only_if_it_is_a_topic() -> None:
    assert said("/x", message_thread_id=9).thread_id is None
    assert said("/x", message_thread_id=9, is_topic_message=True).thread_id == 9


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/panic@other_bot", "to another bot"),
        ("panic", "no command"),
        ("", "no command"),
        (" \n ", "no command"),
        ("/", "no command"),
        ("/pan!c", "no command"),
        ("/" + "a" * 33, "no command"),
        ("//panic", "no command"),
    ],
)
def test_what_is_no_command(text: str, reason: str) -> None:
    assert heard(message(text), ME) == Ignored(reason)


def test_of_a_command_that_is_too_long_the_name_alone_is_read() -> None:
    for text in ("/risk " + "1" * LONGEST_TEXT, "/risk " + "1 " * 100, "/risk " + "1" * 65):
        found = said(text)
        assert (found.words, found.cut) == (["risk"], True)


@given(_ANYTHING)
def test_whatever_comes_is_read_or_ignored(update: Any) -> None:
    found = heard(update, ME)
    if isinstance(found, Ignored):
        assert found.reason
        assert len(found.reason) <= 40
    else:
        assert number_of(update) == found.update_id


@given(st.text(max_size=300))
def test_what_is_kept_of_a_text_can_be_stored(text: str) -> None:
    found = heard(message(f"/risk {text}"), ME)
    assert isinstance(found, Heard)
    stored = msgspec.json.encode(found).decode()
    assert "\\u0000" not in stored
    assert msgspec.json.decode(stored, type=Heard) == found
    assert all(word.isprintable() for word in found.words)


@given(st.text(max_size=80))
def test_any_data_of_a_button_is_read_or_none(data: str) -> None:
    assert press_of(data) is None or data[:2] in ("a:", "p:", "c:")


def test_the_data_of_our_buttons() -> None:
    assert press_of("a:ib_20250915_0733_BTC:sn30") == AlertPress("ib_20250915_0733_BTC", "sn30")
    assert press_of(panel("pnl", "7d")) == PanelPress("pnl", ["7d"])
    assert press_of(panel("status")) == PanelPress("status", [])
    assert press_of(confirmation("A" * 16, yes=True)) == ConfirmationPress("A" * 16, yes=True)
    for forged in (
        "a:ib:UP",
        "a:" + "x" * 49 + ":up",
        "c:short:yes",
        "c:" + "A" * 16 + ":YES",
        "p:PNL:",
        "a:b",
    ):
        assert press_of(forged) is None


@pytest.mark.parametrize("empty", [" ", "\N{IDEOGRAPHIC SPACE}", "\n"])
def test_a_text_that_begins_with_much_empty_space_is_no_command(empty: str) -> None:
    assert heard(message(empty * LONGEST_TEXT + "/panic"), ME) == Ignored("no command")
    assert heard(message(empty * 2 * LONGEST_TEXT), ME) == Ignored("no command")
