"""Texts with entities: formatting stands beside the text, so nothing in it can break or inject markup.

Telegram counts offsets and lengths in UTF-16 code units.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

#: The longest text of one message, in UTF-16 units.
MAX_TEXT_UNITS = 4096
#: Every stub ends with it: the rest is to come.
STUB_END = "…"
#: No phone shows more of it in a notification.
_LONGEST_HEAD = 200


class Entity(Struct, frozen=True):
    """A piece of formatting: its kind (`bold`, `code`, …) and where, in UTF-16 units."""

    type: str
    offset: int
    length: int


class Text(Struct, frozen=True):
    """A text and its formatting."""

    text: str
    entities: list[Entity] = []


def units(text: str) -> int:
    """The length of a text in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class TextBuilder:
    """Puts a text together from plain and formatted pieces."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._entities: list[Entity] = []
        self._units = 0

    def add(self, text: str, entity: str | None = None) -> TextBuilder:
        """Append a piece, formatted as `entity` if one is named."""
        length = units(text)
        if entity is not None and length:
            self._entities.append(Entity(entity, self._units, length))
        self._pieces.append(text)
        self._units += length
        return self

    def line(self, text: str = "", entity: str | None = None) -> TextBuilder:
        """Append a piece and end the line."""
        return self.add(text, entity).add("\n")

    def wrap(self, inner: Text, entity: str) -> TextBuilder:
        """Append a text with its own formatting, all of it inside `entity`."""
        start = self._units
        self.add(inner.text, entity)
        self._entities += [Entity(one.type, start + one.offset, one.length) for one in inner.entities]
        return self

    def build(self) -> Text:
        """The text so far, without blank lines at its end."""
        return Text("".join(self._pieces).rstrip("\n"), list(self._entities))


def stub(whole: Text, place: int) -> Text:
    """What stands in the chat until the part at `place` does.

    Of the first part its first line: a phone shows in its notification what was sent first. The line below keeps it
    apart from a text of one line, so that a stub is never the text itself.
    """
    head = whole.text.partition("\n")[0][:_LONGEST_HEAD] if place == 0 else ""
    return Text(f"{head.strip() or '📊'}\n{STUB_END}")


def split(whole: Text, limit: int = MAX_TEXT_UNITS, *, spare: int = 0) -> list[Text]:
    """Split a text into parts of at most `limit` UTF-16 units less `spare`, at line ends where possible.

    Entities that reach over a boundary continue in the next part.
    """
    parts = []
    start = 0
    for piece in _pieces(whole.text, limit - spare):
        size = units(piece)
        inside = [_clip(entity, start, size) for entity in whole.entities]
        parts.append(Text(piece, [entity for entity in inside if entity is not None]))
        start += size
    return parts


def _pieces(text: str, limit: int) -> Iterator[str]:
    while units(text) > limit:
        cut = _cut(text, limit)
        yield text[:cut]
        text = text[cut:]
    if text:
        yield text


def _cut(text: str, limit: int) -> int:
    """How many characters of `text` fit into `limit` units, back to a line end if there is one."""
    used = 0
    for index, sign in enumerate(text):
        used += 2 if ord(sign) > 0xFFFF else 1
        if used > limit:
            newline = text.rfind("\n", 0, index)
            return newline + 1 if newline > 0 else index
    return len(text)


def _clip(entity: Entity, start: int, size: int) -> Entity | None:
    begin = max(entity.offset, start)
    end = min(entity.offset + entity.length, start + size)
    return Entity(entity.type, begin - start, end - begin) if begin < end else None
