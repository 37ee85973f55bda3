"""One message as HTML: its text with formatting, its buttons; whatever it says is text and never markup. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from outbox.keyboard import Button
from outbox.preview.shown import Shown
from outbox.stretches import stretches
from outbox.text import MAX_TEXT_UNITS, Entity, Text, split, units

#: What stands in a block of its own, and what within a line. Another kind is shown as plain text.
_BLOCKS = ("pre", "blockquote", "expandable_blockquote")
_INLINE = {
    "bold": "b",
    "italic": "i",
    "underline": "u",
    "strikethrough": "s",
    "code": "code",
    "spoiler": "mark",
}
_KNOWN = (*_BLOCKS, *_INLINE)


def bubbles(shown: Shown, at: str) -> str:
    """A message as a chat shows it, in as many parts as it is sent in. at: the time that stands in it."""
    parts = split(shown.whole) or [Text("")]
    return "".join(_bubble(shown, part, at, number, len(parts)) for number, part in enumerate(parts, 1))


def text_html(text: Text) -> str:
    """A text with its formatting."""
    found = stretches(text.text, text.entities, _KNOWN)
    html, after_block = [], False
    for block, pieces in groupby(found, key=lambda stretch: _block_of(stretch[1])):
        inner = "".join(_inline(piece, over) for piece, over in pieces)
        if after_block:
            inner = inner.removeprefix("\n")  # the block has ended its line already
        html.append(_in_block(block, inner))
        after_block = block is not None
    return "".join(html)


def _bubble(shown: Shown, part: Text, at: str, number: int, parts: int) -> str:
    first, last = number == 1, number == parts
    head = "".join(_head(shown)) if first else ""
    size = units(part.text)
    over = f' <b class="wrong">{size} of {MAX_TEXT_UNITS} units</b>' if size > MAX_TEXT_UNITS else ""
    foot = f'<div class="foot">{"🔕 " if shown.silent else ""}{"edited " if shown.edited else ""}{escape(at)}</div>'
    buttons = _buttons(shown.keyboard) if last else ""
    return (
        f'<div class="message"><div class="bubble">{head}<div class="text">{text_html(part)}</div>'
        f"{over}{foot}</div>{buttons}</div>"
    )


def _head(shown: Shown) -> Iterator[str]:
    if shown.topic is not None:
        yield f'<div class="topic"># {escape(shown.topic)}</div>'
    if shown.reply_to is not None:
        yield f'<div class="reply">{escape(first_line(shown.reply_to))}</div>'


def first_line(text: str) -> str:
    """What a phone shows in its notification."""
    return text.strip().partition("\n")[0]


def _buttons(keyboard: Sequence[Sequence[Button]]) -> str:
    rows = "".join(f'<div class="row">{"".join(map(_button, row))}</div>' for row in keyboard if row)
    return f'<div class="keyboard">{rows}</div>' if rows else ""


def _button(button: Button) -> str:
    arrow = '<span class="link">↗</span>' if button.url is not None else ""
    leads = button.url if button.url is not None else button.data or ""
    return f'<div class="button" title="{escape(leads)}">{arrow}<span>{escape(button.text)}</span></div>'


def _block_of(over: Sequence[Entity]) -> Entity | None:
    return next((one for one in over if one.type in _BLOCKS), None)


def _in_block(block: Entity | None, inner: str) -> str:
    if block is None:
        return inner
    if block.type == "pre":
        return f"<pre>{inner}</pre>"
    if block.type == "blockquote":
        return f'<div class="quote">{inner}</div>'
    return f'<label class="quote long"><input type="checkbox"><span class="lines">{inner}</span></label>'


def _inline(piece: str, over: Sequence[Entity]) -> str:
    html = escape(piece)
    for tag in sorted({_INLINE[one.type] for one in over if one.type in _INLINE}):
        html = f"<{tag}>{html}</{tag}>"
    return html
