"""Measurements as they were journalled, for tests that hold them against what was measured."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signaltape import Emitter, Settings
from signaltape.journal.home import journal_folders
from signaltape.journal.reader import JournalPosition, JournalReader
from tests.support.waiting import LONGEST_S


def engine(home: Path, **settings: Any) -> Emitter:
    """An Emitter that journals and ships nothing."""
    return Emitter(Settings(feature_event_logging=True, home=home, **settings), ship=False)


def measurements(home: Path, at_least: int = 0) -> list[dict[str, Any]]:
    """All that stand in the journals of a home; nothing while there are fewer."""
    found = []
    for folder in journal_folders(home):
        reader = JournalReader(folder, JournalPosition(0, 0, 0))
        while items := reader.read(1000, 10**7):
            found += [json.loads(item.frame.data) for item in items if item.frame.name == b"measurement"]
        reader.close()
    return found if len(found) >= at_least else []


def by_name(home: Path) -> dict[str, dict[str, Any]]:
    """The same by their names, each of which was measured once."""
    found = measurements(home)
    named = {one["name"]: one for one in found}
    assert len(named) == len(found)
    return named


class Hangs(Emitter):
    """An Emitter whose disk hangs once a measurement is to be journalled, until it is let go."""

    def __init__(self, home: Path) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()
        super().__init__(Settings(feature_event_logging=True, home=home), ship=False)

    def record(self, name: Any, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
        self.begun.set()
        self.let_go.wait(LONGEST_S)
        return super().record(name, event, **fields)
