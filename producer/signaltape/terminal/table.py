"""Tables that fit: columns where there is room, else a block of `name value` lines for each row. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from signaltape.terminal.cells import NOTHING, brief, pad, plain, shorten, width, wrap

_GAP = "  "
#: What is shortened keeps so much of itself: enough of an id to find it again.
_LEAST_COLUMNS = 11
#: A remark stands so far to the right of its row.
_INDENT = "    "


class Column(NamedTuple):
    """One column. A number stands at the right and is never shortened; a text is shortened in its middle."""

    head: str
    is_number: bool
    #: so wide it stays at least
    least: int


def left(head: str, least: int = _LEAST_COLUMNS) -> Column:
    """A column of words, names, ids or times. least: so much of an id that is typed again stays whole."""
    return Column(head, is_number=False, least=max(width(head), least))


def right(head: str) -> Column:
    """A column of numbers, with the unit in its head."""
    return Column(head, is_number=True, least=width(head))


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[object]], notes: Sequence[object] = (), *, within: int
) -> list[str]:
    """Lines of a table, its head first (empty over blocks). Columns in which nothing stands are left out.

    notes: what stands below each row, in words; None or an empty text: nothing.
    within: columns of the terminal.
    """
    filled = [[plain(cell) for cell in row] for row in rows]
    kept = [place for place in range(len(columns)) if any(row[place] != NOTHING for row in filled)]
    shown = [columns[place] for place in kept]
    cells = [[row[place] for place in kept] for row in filled]
    remarks = ["" if note in (None, "") else brief(plain(note)) for note in notes]
    widths = _widths(shown, cells, within)
    if widths is None:
        return list(_blocks(shown, cells, remarks, within))
    head = _line([one.head for one in shown], shown, widths)
    body = (_line(row, shown, widths) for row in cells)
    return [head, *_with_remarks(body, remarks, within)]


def block(pairs: Sequence[tuple[str, object]], *, within: int) -> list[str]:
    """Lines of `name value`, the values below one another; long ones go on in lines of their own."""
    names = max((width(name) for name, _ in pairs), default=0)
    return [
        line for name, value in pairs for line in wrap(plain(value), within, mark=pad(name, names) + _GAP)
    ]


def _widths(columns: Sequence[Column], cells: Sequence[Sequence[str]], within: int) -> list[int] | None:
    """How wide each column is, texts narrowed from the widest on; None if there is no room for them."""
    widths = [
        max(width(one.head), *(width(row[place]) for row in cells)) if cells else width(one.head)
        for place, one in enumerate(columns)
    ]
    room = within - len(_GAP) * (len(columns) - 1)
    while sum(widths) > room:
        yielding = [
            place for place, one in enumerate(columns) if not one.is_number and widths[place] > one.least
        ]
        if not yielding:
            return None
        widths[max(yielding, key=widths.__getitem__)] -= 1
    return widths


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    shown = (
        pad(shorten(cell, room), room, right=column.is_number)
        for cell, column, room in zip(cells, columns, widths, strict=True)
    )
    return _GAP.join(shown).rstrip(" ")


def _with_remarks(lines: Iterator[str], remarks: Sequence[str], within: int) -> Iterator[str]:
    for line, remark in zip_longest(lines, remarks, fillvalue=""):
        yield line
        if remark:
            yield from wrap(remark, within, mark=_INDENT)


def _blocks(
    columns: Sequence[Column], cells: Sequence[Sequence[str]], remarks: Sequence[str], within: int
) -> Iterator[str]:
    """Each row by itself, an empty line before it, without what is empty in it."""
    for row, remark in zip_longest(cells, remarks, fillvalue=""):
        yield ""
        said = [(one.head, brief(cell)) for one, cell in zip(columns, row, strict=True) if cell != NOTHING]
        yield from block(said, within=within)
        if remark:
            yield from wrap(remark, within, mark=_INDENT)
