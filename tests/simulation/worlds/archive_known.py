"""What is known of an archive from outside: what each entry is to become, what was acknowledged, what stands there."""

from __future__ import annotations

from collections import defaultdict

import zstandard

from tests.simulation.worlds.archive_base import ArchiveBase
from tests.simulation.worlds.archive_given import Given, Line
from tests.simulation.worlds.archive_shelf import Shelf


class Known:
    """Entries, their lines, and the files of one world."""

    def __init__(self, world: ArchiveBase) -> None:
        self.world = world
        self.shelf = Shelf(world.root)
        #: what each entry that was ever in the stream is to become; None: nothing
        self.given: dict[tuple[str, str], Line | None] = {}
        self.lines: defaultdict[str, list[Line]] = defaultdict(list)
        self.acknowledged_ids: set[str] = set()
        #: so many of the entries the other group need not be given
        self.forgotten = 0

    @property
    def entries(self) -> int:
        """How many entries were ever put into the stream."""
        return len(self.given)

    def added(self, key: str, entry_id: str, given: Given) -> None:
        """Redis took an entry."""
        line = given.line(key, entry_id) if given.good else None
        self.given[key, entry_id] = line
        if line is not None:
            self.lines[line.line_id].append(line)

    def worker_begins(self) -> None:
        """The other group is new, or its stream is: what was before nobody kept for it."""
        self.forgotten = len(self.given)

    def is_readable(self, name: str) -> bool:
        """Whether a file is whole, if it is compressed."""
        try:
            self.shelf.lines(name)
        except zstandard.ZstdError:
            return False
        return True
