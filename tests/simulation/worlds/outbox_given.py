"""What was put into an outbox: each version of each report, in the parts that it is sent in, and its files."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from outbox.marking import marked, parts_of
from outbox.outbox import File
from outbox.text import Text, stub
from tests.simulation.telegram import Call


class Part(NamedTuple):
    """What a text is: a part of one version of a report."""

    report: str
    version: str
    place: int
    #: whether it says that it may repeat what stands already
    marked: bool = False


class Given:
    """All that was put in."""

    def __init__(self) -> None:
        #: by its text
        self.parts: dict[str, Part] = {}
        #: the parts of each version, in order
        self.texts: dict[str, list[str]] = {}
        #: what each message was to become, by its key
        self.edits: defaultdict[str, list[Text]] = defaultdict(list)
        #: … and as they say that they may repeat themselves
        self._marked: dict[str, list[str]] = {}
        self._stubs: set[str] = set()
        self._files: set[str] = set()
        self._versions: Counter[str] = Counter()

    def new_version(self, monday: date, family: int) -> str:
        """A name for a text of a week's report that nobody used yet."""
        report = f"report {monday} {family}"
        self._versions[report] += 1
        return f"{report} v{self._versions[report]}"

    def new_alert(self, family: int, what: str = "alert") -> str:
        """A name for an alert, or what is one likewise: there is one version of each."""
        self._versions["alert"] += 1
        return f"{what} {self._versions['alert']} {family} v1"

    def give(self, version: str, text: Text, files: Collection[File] = (), *, ref: str | None = None) -> None:
        """A text is about to be put in, with its files. ref: of an alert; stubs stand for a report alone."""
        report = version.rpartition(" ")[0]
        self._files.update(file.content.decode() for file in files)
        parts = parts_of(text, ref, ref is not None)
        self.texts[version] = [part.text for part in parts]
        self._marked[version] = [marked(part, ref).text for part in parts]
        for place, part in enumerate(parts):
            self.parts[part.text] = Part(report, version, place)
            if ref is None:
                self._stubs.add(stub(text, place).text)
            else:
                self.parts[marked(part, ref).text] = Part(report, version, place, marked=True)

    def text(self, version: str, place: int, is_marked: bool) -> str:
        """What a part of a text stands as."""
        return self._marked[version][place] if is_marked else self.texts[version][place]

    def has(self, call: Call) -> bool:
        """Whether a call sends something that was put in, or a stub."""
        if call.file is not None:
            return call.file in self._files
        return call.text in self._stubs or call.text in self.parts
