"""Buttons below a message: rows of at most three, checked before they are put in. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

#: The Bot API's bound of what a button gives back, in bytes of UTF-8.
MAX_DATA_BYTES = 64
#: More do not stand beside each other at 360 px.
MAX_ROW = 3
#: The Bot API's bound is 100 buttons; more rows than these no phone shows at once.
MAX_ROWS = 20
#: Longer words are cut by every phone.
MAX_TEXT = 64
_SCHEMES = ("http", "https", "tg")


class Button(Struct, frozen=True, omit_defaults=True):
    """One button: its words, and either the data that it gives back or the address that it opens."""

    text: str
    data: str | None = None
    url: str | None = None


Keyboard = list[list[Button]]


def dumped(keyboard: Sequence[Sequence[Button]] | None) -> str | None:
    """A keyboard as JSON for the table; None if it has no button. Raises ValueError, naming the button."""
    if not keyboard or not any(keyboard):
        return None
    if len(keyboard) > MAX_ROWS:
        raise ValueError(f"keyboard has {len(keyboard)} rows, not at most {MAX_ROWS}")
    for number, row in enumerate(keyboard, 1):
        _check_row(number, row)
    return msgspec.json.encode(keyboard).decode()


def loaded(stored: object) -> Keyboard:
    """What `dumped` made, as the table gives it back; no row where it is None."""
    return [] if stored is None else msgspec.convert(stored, Keyboard)


def markup(keyboard: Sequence[Sequence[Button]]) -> dict[str, Any]:
    """The Bot API's `reply_markup`; nothing if there is no button."""
    rows = [[_field(button) for button in row] for row in keyboard]
    return {"reply_markup": {"inline_keyboard": rows}} if rows else {}


def _field(button: Button) -> dict[str, str]:
    if button.url is not None:
        return {"text": button.text, "url": button.url}
    return {"text": button.text, "callback_data": button.data or ""}


def _check_row(number: int, row: Sequence[Button]) -> None:
    if not 0 < len(row) <= MAX_ROW:
        raise ValueError(f"keyboard row {number} has {len(row)} buttons, not 1 to {MAX_ROW}")
    for place, button in enumerate(row, 1):
        if (wrong := _wrong(button)) is not None:
            raise ValueError(f"keyboard row {number} button {place} {wrong}")


def _wrong(button: Button) -> str | None:
    """What is wrong with a button; None if nothing is."""
    if not button.text.strip() or len(button.text) > MAX_TEXT:
        return f"has a text that is empty or longer than {MAX_TEXT} signs"
    if (button.data is None) == (button.url is None):
        return "needs either data or url"
    if button.data is not None:
        return _wrong_data(button.data)
    return None if _opens(button.url or "") else "has a url that is no http(s) or tg address"


def _wrong_data(data: str) -> str | None:
    size = len(data.encode("utf-8", "surrogatepass"))
    return None if 0 < size <= MAX_DATA_BYTES else f"has data of {size} bytes, not 1 to {MAX_DATA_BYTES}"


def _opens(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in _SCHEMES and bool(parts.hostname) and url.isprintable() and " " not in url
    except ValueError:
        return False
