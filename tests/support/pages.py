"""README and docs, taken apart: fenced blocks, code within lines, links, anchors, commands, table rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_COMMENT = re.compile(r"(^|\s)#.*")
_PYTHON = re.compile(r"(?:\S*/)?python$")


class Page(NamedTuple):
    """One file."""

    path: Path

    @property
    def name(self) -> str:
        """Its path within the repository."""
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """All but its fenced blocks."""
        return _FENCE.sub("", self.text)

    def fences(self, language: str) -> list[str]:
        """The fenced blocks of a language."""
        return [text for kind, text in _FENCE.findall(self.text) if kind == language]

    def spans(self) -> list[str]:
        """The code within lines."""
        return _SPAN.findall(self.prose)

    def links(self) -> list[str]:
        """Where its links and pictures point."""
        return [link or picture for link, picture in _LINK.findall(self.prose)]

    def anchors(self) -> set[str]:
        """The anchors that its headings make."""
        headings = _HEADING.findall(self.prose)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

    def shell_lines(self) -> list[str]:
        """Every line of its shell blocks, without comments."""
        lines = "".join(self.fences("sh")).splitlines()
        return [said for line in lines if (said := _COMMENT.sub("", line).strip())]

    def commands(self) -> list[Command]:
        """Every command of ours, from shell blocks and from code within lines."""
        return [one for text in (*self.shell_lines(), *self.spans()) for one in commands_in(text)]

    def rows(self) -> Iterator[list[str]]:
        """The cells of its table rows."""
        for line in self.prose.splitlines():
            if line.startswith("| "):
                yield [cell.strip() for cell in line.strip("|").split(" | ")]


class Command(NamedTuple):
    """A command as it is written: `make`, `signaltape` or the module behind `python -m`, and what follows."""

    program: str
    arguments: list[str]


def commands_in(text: str) -> Iterator[Command]:
    """The commands in a line of shell, or in code within a line; others than ours too, if they are modules."""
    for part in re.split(r"\s(?:--|&&|;)\s", text):
        words = part.split()
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
            words = words[1:]
        if words[:1] in (["make"], ["signaltape"]) and len(words) > 1:
            yield Command(words[0], words[1:])
        elif len(words) > 2 and _PYTHON.match(words[0]) and words[1] == "-m":
            yield Command(words[2], words[3:])


def pages() -> list[Page]:
    """README, and every page of docs."""
    return [Page(ROOT / "README.md"), *(Page(path) for path in sorted((ROOT / "docs").glob("*.md")))]
