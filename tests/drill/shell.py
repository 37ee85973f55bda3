"""Runs a block of the page as a person does: in the checkout, in a shell that has read the settings."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.drill.expecting import captured, missing
from tests.drill.page import Block
from tests.support.forked import ROOT

#: No command of the page takes as long.
_LONGEST_S = 240.0
#: Between two looks.
_LOOK_AGAIN_S = 0.5


class Ran(NamedTuple):
    """What a block printed, how it ended, and how long it took."""

    printed: str
    code: int
    took_s: float


class NotAsWritten(AssertionError):
    """What the page says did not happen."""


class Shell:
    """A shell in the checkout. settings: the file of the units' settings, read before each block.

    places: paths as the page says them, and where they are here. environment: of the shell; words that blocks made
    known are added to it.
    """

    def __init__(self, settings: Path, places: Mapping[str, str], environment: dict[str, str]) -> None:
        self._settings = settings
        self._places = places
        self.environment = environment

    def run(self, commands: str) -> Ran:
        """Run it to its end."""
        for said, here in self._places.items():
            commands = commands.replace(said, here)
        script = f"set -a\n. {self._settings}\nset +a\n{commands}"
        began = time.monotonic()
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LONGEST_S,
            check=False,
        )
        return Ran(done.stdout, done.returncode, time.monotonic() - began)

    def act(self, block: Block) -> Ran:
        """Run a block once. Raises NotAsWritten."""
        ran = self.run(block.commands)
        if (wrong := self._wrong(block, ran)) is not None:
            raise NotAsWritten(wrong)
        return ran

    def ask(self, block: Block) -> float:
        """Run a block again and again until it prints what is written; when that was. Raises NotAsWritten."""
        deadline = time.monotonic() + block.within_s
        while (wrong := self._wrong(block, self.run(block.commands))) is not None:
            if time.monotonic() > deadline:
                raise NotAsWritten(f"not within {block.within_s:.0f} s: {wrong}")
            time.sleep(_LOOK_AGAIN_S)  # between two looks
        return time.monotonic()

    def _wrong(self, block: Block, ran: Ran) -> str | None:
        what = block.commands.strip().splitlines()[-1]
        if ran.code != block.code:
            return f"{what!r} ended with {ran.code}, not {block.code}: {ran.printed}"
        if (line := missing(block.expected, ran.printed)) is not None:
            return f"{what!r} did not print {line!r}: {ran.printed}"
        self.environment.update(captured(block.expected, ran.printed))
        return None
