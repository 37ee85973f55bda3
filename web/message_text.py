"""The text of a message with its formatting, as safe HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from outbox.stretches import stretches
from outbox.text import Entity

#: How a kind of formatting looks; another kind is shown as plain text.
_CLASSES = {
    "bold": "m-bold",
    "italic": "m-italic",
    "underline": "m-underline",
    "strikethrough": "m-strike",
    "code": "m-code",
    "pre": "m-code",
    "blockquote": "m-quote",
    "expandable_blockquote": "m-quote",
}


def as_html(text: str, entities: Sequence[Entity]) -> Markup:
    """The text, each stretch of it in spans for the formatting that reaches over it."""
    return Markup("").join(_stretch(piece, over) for piece, over in stretches(text, entities, _CLASSES))


def _stretch(piece: str, over: Sequence[Entity]) -> Markup:
    if not over:
        return escape(piece)
    names = " ".join(sorted({_CLASSES[one.type] for one in over}))
    return Markup('<span class="{}">{}</span>').format(names, piece)
