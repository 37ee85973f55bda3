"""The patches, and what each says of itself.

Summary: one line, what is wrong
Kind: put back | own
World: spine | consuming | control | archive | outbox | writer
Breaks: which promises, with commas in between

--- a/producer/…
+++ b/producer/…
"""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

from msgspec import Struct

FOLDER = Path(__file__).parent
#: A defect that was in the product once, or one that was thought of.
KINDS = ("put back", "own")
WORLDS = ("spine", "consuming", "control", "archive", "outbox", "writer")
#: The promises. early: acknowledged, or said to be done, before it is safe; stuck: something waits for ever.
BREAKS = ("lost", "doubled", "early", "stuck", "miscounted", "crash", "not kept")
_FIELDS = ("Summary", "Kind", "World", "Breaks", "Needs")
_DIFF = re.compile(r"^--- a/", re.MULTILINE)
_TOUCHED = re.compile(r"^\+\+\+ b/(\S+)$", re.MULTILINE)


class CatalogueError(Exception):
    """A patch that does not say what it must."""


class Mutation(Struct, frozen=True):
    """One defect. `name` is unique; `room` is the folder that its patch lies in."""

    name: str
    room: str
    summary: str
    kind: str
    world: str
    breaks: tuple[str, ...]
    needs: str
    path: Path

    def touched(self) -> list[str]:
        """The files that its patch changes, relative to the tree's root."""
        return _TOUCHED.findall(self.path.read_text())


def read_all(folder: Path = FOLDER) -> list[Mutation]:
    """All mutations, by room and name. Raises CatalogueError."""
    found = [_read(path) for path in sorted(folder.glob("*/*.patch"))]
    names = [one.name for one in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise CatalogueError(f"names must be unique: {', '.join(twice)}")
    return found


def chosen(mutations: list[Mutation], only: str | None) -> list[Mutation]:
    """Those whose name, or room/name, matches a glob; all without one."""
    if only is None:
        return mutations
    return [one for one in mutations if fnmatch(one.name, only) or fnmatch(f"{one.room}/{one.name}", only)]


def _read(path: Path) -> Mutation:
    text = path.read_text()
    diff = _DIFF.search(text)
    if diff is None:
        raise CatalogueError(f"{path}: there is no diff in it")
    said = dict(line.split(": ", 1) for line in text[: diff.start()].splitlines() if ": " in line)
    if tuple(said) != _FIELDS:
        raise CatalogueError(f"{path}: must begin with {', '.join(_FIELDS)}; it has {', '.join(said)}")
    breaks = tuple(said["Breaks"].split(", "))
    _check(path, "Kind", {said["Kind"]}, KINDS)
    _check(path, "World", {said["World"]}, WORLDS)
    _check(path, "Breaks", set(breaks), BREAKS)
    return Mutation(
        name=path.stem,
        room=path.parent.name,
        summary=said["Summary"],
        kind=said["Kind"],
        world=said["World"],
        breaks=breaks,
        needs=said["Needs"],
        path=path,
    )


def _check(path: Path, field: str, given: set[str], allowed: tuple[str, ...]) -> None:
    if not given <= set(allowed):
        raise CatalogueError(f"{path}: {field} must be of {', '.join(allowed)}; it is {', '.join(given)}")
