"""The file of a preview: messages beside each other as phones of some widths show them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from outbox.preview.bubble import bubbles, first_line
from outbox.preview.shown import Shown

#: Phones that many people have, in CSS pixels.
WIDTHS = (360, 390)
_STYLE = Path(__file__).parent / "style.css"


def page(messages: Sequence[Shown], widths: Sequence[int], at: str) -> str:
    """The whole file, which needs no other. at: the time that stands in each message."""
    phones = "".join(_phone(messages, width, at) for width in widths)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Messages</title>'
        f"<style>{_STYLE.read_text()}</style></head><body>{phones}</body></html>\n"
    )


def _phone(messages: Sequence[Shown], width: int, at: str) -> str:
    chat = "".join(_message(message, at) for message in messages)
    return f'<main class="phone" style="width:{width}px" data-width="{width}">{chat}</main>'


def _message(message: Shown, at: str) -> str:
    """A message with what stands beside it here: its name, and what a locked phone shows of it."""
    beside = " · ".join(part for part in (message.name, message.state) if part)
    said = f'<div class="beside">{escape(beside)}</div>' if beside else ""
    notice = f'<div class="notice">{escape(first_line(message.text))}</div>'
    return f"<section>{said}{notice}{bubbles(message, at)}</section>"
