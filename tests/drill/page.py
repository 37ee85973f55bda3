"""The runbook taken apart: its cases, and of each the blocks that are marked to be played. Pure.

A mark is a comment before a block of shell: `<!-- drill: act exit=1 within=60 -->`. A block of text right behind it is
what its output looks like (`tests/drill/expecting.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

#: What a block is for: made ready before anything happens; shows that it happened; acts; shows that all is well again.
ROLES = ("before", "see", "act", "well")
#: How long `see` and `well` are asked again until they say what is expected.
WITHIN_S = 90.0
_CASE = re.compile(r"^## (.+)$", re.MULTILINE)
_BLOCK = re.compile(
    r"^<!-- drill: ([^>]*?) -->\n```sh\n(.*?)^```$(?:\n+```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL
)
_OPTIONS = {"exit": int, "within": float}


class Block(NamedTuple):
    """Commands of the page as they stand there, and what they are expected to print; code: how the last one ends."""

    role: str
    commands: str
    expected: str
    code: int
    within_s: float


class Section(NamedTuple):
    """A case: its anchor is its name."""

    name: str
    title: str
    blocks: list[Block]


def sections(text: str) -> list[Section]:
    """All cases of the page that are played. Raises ValueError for a mark that is none."""
    parts = _CASE.split(text)[1:]
    found = (
        Section(anchor(title), title, [*_blocks(body)])
        for title, body in zip(parts[::2], parts[1::2], strict=True)
    )
    return [section for section in found if section.blocks]


def anchor(title: str) -> str:
    """The anchor that a heading makes."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _blocks(body: str) -> Iterator[Block]:
    for mark, commands, expected in _BLOCK.findall(body):
        role, *options = mark.split()
        if role not in ROLES:
            raise ValueError(f"a block is marked {role!r}, and not one of {', '.join(ROLES)}")
        given = dict(_option(one) for one in options)
        yield Block(role, commands, expected, int(given.get("exit", 0)), given.get("within", WITHIN_S))


def _option(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    if name not in _OPTIONS:
        raise ValueError(f"a mark has the option {name!r}, and not one of {', '.join(_OPTIONS)}")
    return name, _OPTIONS[name](value)
