"""The text of a message with its formatting, as safe HTML: entities count in UTF-16 units, as Telegram does. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup, escape

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
_UNIT = 2


def as_html(text: str, entities: Sequence[Entity]) -> Markup:
    """The text, each stretch of it in spans for the formatting that reaches over it."""
    raw = text.encode("utf-16-le", "surrogatepass")
    units = len(raw) // _UNIT
    known = [one for one in entities if one.type in _CLASSES and one.length > 0]
    edges = sorted({0, units, *(_within(edge, units) for one in known for edge in _ends(one))})
    return Markup("").join(
        _stretch(raw[start * _UNIT : end * _UNIT], [one for one in known if _covers(one, start, end)])
        for start, end in pairwise(edges)
    )


def _stretch(raw: bytes, over: Sequence[Entity]) -> Markup:
    piece = escape(raw.decode("utf-16-le", "replace"))
    if not over:
        return piece
    names = " ".join(sorted({_CLASSES[one.type] for one in over}))
    return Markup('<span class="{}">{}</span>').format(names, piece)


def _ends(one: Entity) -> tuple[int, int]:
    return one.offset, one.offset + one.length


def _within(edge: int, units: int) -> int:
    return max(0, min(edge, units))


def _covers(one: Entity, start: int, end: int) -> bool:
    return one.offset <= start and end <= one.offset + one.length
