"""A text cut at the edges of its formatting: entities count in UTF-16 units, as Telegram does. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from outbox.text import Entity

_UNIT = 2


def stretches(
    text: str, entities: Sequence[Entity], known: Collection[str]
) -> Iterator[tuple[str, list[Entity]]]:
    """Each stretch of a text with what reaches over it, of the kinds that are known."""
    raw = text.encode("utf-16-le", "surrogatepass")
    units = len(raw) // _UNIT
    over = [one for one in entities if one.type in known and one.length > 0]
    edges = sorted({0, units, *(_within(edge, units) for one in over for edge in _ends(one))})
    for start, end in pairwise(edges):
        piece = raw[start * _UNIT : end * _UNIT].decode("utf-16-le", "replace")
        yield piece, [one for one in over if _covers(one, start, end)]


def _ends(one: Entity) -> tuple[int, int]:
    return one.offset, one.offset + one.length


def _within(edge: int, units: int) -> int:
    return max(0, min(edge, units))


def _covers(one: Entity, start: int, end: int) -> bool:
    return one.offset <= start and end <= one.offset + one.length
