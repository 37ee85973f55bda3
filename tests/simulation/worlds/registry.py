"""All worlds there are: each a line, loaded when it is first run."""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

from tests.simulation.worlds.base import World
from tests.simulation.worlds.verdict import Report

#: Runs a seed for so many steps without some faults. The last is the URL of a database, or empty.
Runner = Callable[[int, int, Collection[int], str], Report]


class Entry(NamedTuple):
    """A world: where its class or runner is, and what it needs.

    steps: how many steps with faults a run may have, if nobody says.
    """

    name: str
    module: str
    attribute: str
    steps: tuple[int, ...] = (5_000, 20_000, 60_000)
    needs_postgres: bool = False

    @property
    def exists(self) -> bool:
        """Whether its module is there."""
        package = self.module.rpartition(".")[0]
        return find_spec(package) is not None and find_spec(self.module) is not None

    def load(self) -> Runner:
        """What runs it."""
        found = getattr(import_module(self.module), self.attribute)
        if not isinstance(found, type):
            return found  # type: ignore[no-any-return]
        assert issubclass(found, World)
        made = found
        return lambda seed, steps, left_out, _url: made(seed, left_out=left_out).run(steps)


_ENTRIES = (
    Entry("spine", "tests.simulation.worlds.spine", "SpineWorld"),
    Entry("consuming", "tests.simulation.worlds.consuming", "ConsumingWorld", steps=(3_000, 8_000, 20_000)),
    Entry("control", "tests.simulation.worlds.control", "ControlWorld", steps=(2_000, 8_000, 20_000)),
    Entry("archive", "tests.simulation.worlds.archive", "ArchiveWorld", steps=(4_000, 10_000, 30_000)),
    Entry("outbox", "tests.simulation.worlds.outbox", "run", (2_000, 4_000, 8_000), needs_postgres=True),
    Entry("writer", "tests.simulation.worlds.writing", "run", steps=(200, 500, 2_000), needs_postgres=True),
)
WORLDS = {entry.name: entry for entry in _ENTRIES if entry.exists}
