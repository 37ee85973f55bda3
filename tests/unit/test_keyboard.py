"""Keyboards: what Telegram would refuse is refused before it is put in."""

from __future__ import annotations

import msgspec
import pytest

from outbox.keyboard import Button, Keyboard, dumped, loaded, markup

GOOD = Button("x", data="x")


def test_a_keyboard_comes_back_as_it_was_put_in() -> None:
    keyboard = [[Button("👍", data="a:ib_1:up"), GOOD], [Button("Heatmap", url="https://example.com/{x}")]]
    stored = dumped(keyboard)
    assert stored is not None
    assert loaded(msgspec.json.decode(stored)) == keyboard


@pytest.mark.parametrize("keyboard", [None, [], [[]]])
def test_no_button_is_no_keyboard(keyboard: Keyboard | None) -> None:
    assert dumped(keyboard) is None
    assert loaded(None) == []
    assert markup([]) == {}


@pytest.mark.parametrize(
    ("keyboard", "said"),
    [
        ([[GOOD], []], "keyboard row 2 has 0 buttons, not 1 to 3"),
        ([[GOOD] * 4], "keyboard row 1 has 4 buttons, not 1 to 3"),
        ([[GOOD]] * 21, "keyboard has 21 rows, not at most 20"),
        ([[GOOD, Button(" ", data="x")]], "keyboard row 1 button 2 has a text that is empty"),
        ([[Button("x" * 65, data="x")]], "longer than 64 signs"),
        ([[Button("x")]], "needs either data or url"),
        ([[Button("x", data="x", url="https://example.com")]], "needs either data or url"),
        ([[Button("x", data="")]], "has data of 0 bytes, not 1 to 64"),
        ([[Button("x", data="é" * 33)]], "has data of 66 bytes, not 1 to 64"),
        ([[Button("x", data="\ud800" * 22)]], "has data of 66 bytes, not 1 to 64"),
        ([[Button("x", url="javascript:alert(1)")]], "has a url that is no http(s) or tg address"),
        ([[Button("x", url="https://")]], "has a url"),
        ([[Button("x", url="https://[")]], "has a url"),
        ([[Button("x", url="https://a b")]], "has a url"),
    ],
)
def test_what_telegram_would_refuse_is_refused_by_its_place(keyboard: Keyboard, said: str) -> None:
    with pytest.raises(ValueError, match="keyboard") as caught:
        dumped(keyboard)
    assert said in str(caught.value)


def test_the_bound_of_data_is_in_bytes() -> None:
    assert dumped([[Button("x", data="é" * 32)]]) is not None
