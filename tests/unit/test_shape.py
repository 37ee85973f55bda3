"""The shape of the code: short files of one idea, small functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from statistics import median

from tests.unit.test_imports import ALLOWED, ROOMS, ROOT, files_of, statements

MOST_LINES = 300
#: Lines of a function, in the middle of all.
MEDIAN_LINES = 5


def test_no_file_is_too_long() -> None:
    """Tests too. A file that is too long has more than one idea in it."""
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for room in ROOMS
        for path in files_of(room)
    }
    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_most_functions_are_small() -> None:
    lengths = [body_lines(node, lines) for room in ALLOWED for node, lines in _functions(room)]
    assert len(lengths) > 1000
    assert median(lengths) <= MEDIAN_LINES


def test_what_counts_as_a_line_of_a_function() -> None:
    text = '''
def told(
    one: int,
) -> int:
    """What it is.

    More of it.
    """
    # why

    if one:  # two lines

        return (
            one
        )
    return 0
'''
    (node,) = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))
    assert body_lines(node, text.splitlines()) == 5


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> int:
    """How long a function is: the lines of its statements, without its head, docstring, comments and blank lines.

    A function within another counts by itself, and in the one around it. lines: of its file.
    """
    first = node.body[1:] if ast.get_docstring(node) is not None else node.body
    taken = [lines[number - 1].strip() for each in first for number in range(each.lineno, _end(each) + 1)]
    return sum(bool(line) and not line.startswith("#") for line in taken)


def _end(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    return node.end_lineno


def _functions(room: str) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, list[str]]]:
    for path in files_of(room):
        text = path.read_text()
        lines = text.splitlines()
        for node in statements(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node, lines
