"""Buttons below a message: rows of at most three, each with data for us or a link."""

from __future__ import annotations

from msgspec import Struct


class Button(Struct, frozen=True):
    """A button: `data` (at most 64 bytes of UTF-8) comes back to us when it is pressed, `url` opens a page."""

    text: str
    data: str | None = None
    url: str | None = None


Keyboard = list[list[Button]]
