"""What a message says, whatever lines it is broken into."""

from __future__ import annotations

from outbox.text import STUB_END, Text


def said(message: Text) -> str:
    """The words of a message with one space between them."""
    return " ".join(message.text.split())


def is_stub(text: str) -> bool:
    """Whether a text only keeps the place of another."""
    return text.endswith(f"\n{STUB_END}")
