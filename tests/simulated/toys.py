"""A world with one mistake, that only one kind of fault brings to light."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from tests.simulation.kernel.machines import Process
from tests.simulation.kernel.threads import Event
from tests.simulation.runs import Outcome, Run, carry_out
from tests.simulation.worlds.base import World
from tests.simulation.worlds.registry import Entry

TOY = Entry("toy", __name__, "ToyWorld", steps=(1_000,))


class ToyWorld(World):
    """A program writes lines to a file and counts them. Its mistake: it counts those that the disk refused."""

    name = "toy"
    RATES = MappingProxyType({"kill": 0.002, "stall": 0.002, "disk error": 0.004, "signal": 0.01})

    def build(self) -> None:
        self.counted = 0
        self.file = self.path(self.machine("host"), "lines")
        for number in (1, 2):
            self.program(self.machine("host"), f"writer {number}", self._write)

    def check(self) -> None:
        lines = (self.folder / "host" / "lines").read_bytes().count(b"\n") if self.counted else 0
        if lines < self.counted:
            self.fail("every line", f"{self.counted} were counted, {lines} are there")

    def is_settled(self) -> bool:
        return True

    def _write(self, process: Process, stop: Event) -> Any:
        while not stop.wait(0.01):
            try:
                with self.file.open("ab") as file:
                    file.write(b"line\n")
            except OSError as error:
                self.story.tell(process.name, f"cannot write: {error}")
            self.counted += 1


class Here:
    """In the place of a pool: each run is done here."""

    size = 1

    def __init__(self) -> None:
        self.done: list[Run] = []

    def all_of(self, runs: Sequence[Run], _until: float) -> list[Outcome]:
        """All of them, in their order."""
        self.done += runs
        return [carry_out(run) for run in runs]
