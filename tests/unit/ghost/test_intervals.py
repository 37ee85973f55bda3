"""The names of bars' lengths."""

from __future__ import annotations

import pytest

from ghost.intervals import length_us


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("1s", 1),
        ("15s", 15),
        ("1m", 60),
        ("5min", 300),
        ("1h", 3_600),
        ("4H", 14_400),
        ("1d", 86_400),
        ("1W", 604_800),
    ],
)
def test_a_length_is_read(name: str, seconds: int) -> None:
    assert length_us(name) == seconds * 1_000_000


@pytest.mark.parametrize("name", ["", "m", "0m", "1M", "1.5m", "-1m", "1 m", "١m", "123456s", "tick"])
def test_what_has_no_one_length_is_none(name: str) -> None:
    assert length_us(name) is None
