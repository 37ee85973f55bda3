"""What was put into an outbox: each version of each report, in the parts that it is sent in, and its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from outbox.outbox import File
from outbox.text import Text, split, stub
from tests.simulation.telegram import Call


class Part(NamedTuple):
    """What a text is: a part of one version of a report."""

    report: str
    version: str
    place: int


class Given:
    """All that was put in."""

    def __init__(self) -> None:
        #: by its text
        self.parts: dict[str, Part] = {}
        #: the parts of each version, in order
        self.texts: dict[str, list[str]] = {}
        self._stubs: set[str] = set()
        self._files: set[str] = set()
        self._versions: Counter[str] = Counter()

    def new_version(self, monday: date, family: int) -> str:
        """A name for a text of a week's report that nobody used yet."""
        report = f"report {monday} {family}"
        self._versions[report] += 1
        return f"{report} v{self._versions[report]}"

    def new_alert(self, family: int) -> str:
        """A name for an alert: there is one version of each."""
        self._versions["alert"] += 1
        return f"alert {self._versions['alert']} {family} v1"

    def give(self, version: str, text: Text, files: Collection[File], *, stubs: bool = True) -> None:
        """A text is about to be put in, with its files. stubs: whether they may stand for it."""
        report = version.rpartition(" ")[0]
        self._files.update(file.content.decode() for file in files)
        self.texts[version] = [part.text for part in split(text)]
        for place, part in enumerate(self.texts[version]):
            self.parts[part] = Part(report, version, place)
            if stubs:
                self._stubs.add(stub(text, place).text)

    def has(self, call: Call) -> bool:
        """Whether a call sends something that was put in, or a stub."""
        if call.file is not None:
            return call.file in self._files
        return call.text in self._stubs or call.text in self.parts
