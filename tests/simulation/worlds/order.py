"""In which order the files of journals change: whoever looks, or is killed, at any of these moments loses nothing."""

from __future__ import annotations

import fcntl
import os
from collections import defaultdict, deque
from pathlib import Path
from typing import NamedTuple

import msgspec

from signaltape.journal.cursor import CURSOR_FILE, find_cursor, read_cursor
from signaltape.journal.home import OWNER_LOCK
from signaltape.journal.segment import (
    HEADER_BYTES,
    SUFFIX,
    read_header,
    segment_numbers,
    segment_path,
)
from tests.simulation.kernel.machines import NS
from tests.simulation.worlds.spine_base import SpineBase
from tests.simulation.worlds.truth import frames_in

_CURSOR = f"/{CURSOR_FILE}"


class _Place(NamedTuple):
    """Of a cursor: the next event to ship."""

    segment: int
    offset: int


_decode = msgspec.json.Decoder(dict[str, object]).decode


class Order:
    """Looks at a journal whenever something in it becomes visible, changes, or goes."""

    def __init__(self, world: SpineBase) -> None:
        self._world = world
        #: by journal, how far its cursor says that it was shipped, and since when
        self._places: defaultdict[Path, deque[tuple[int, _Place]]] = defaultdict(
            lambda: deque([(-1, _Place(0, 0))])
        )
        #: an engine may have looked at a cursor so long before it gives a segment up
        self._looked_ns = (25 if "stall" in world.faults.rates else 1) * NS
        #: what the drafts of segments became
        self._names: dict[str, Path] = {}
        disk = world.disk
        self._then_remove, disk.on_remove = disk.on_remove, self._on_remove
        self._then_rename, disk.on_rename = disk.on_rename, self._on_rename
        disk.on_map_write = self._on_map_write

    def on_touch(self, operation: str, path: str) -> None:
        """A program is about to do something to a file: a kill at this moment leaves a cursor that is whole."""
        if operation == "write" and path.endswith(_CURSOR):
            folder = Path(path).parent
            if folder not in self._world.damage.cursors and find_cursor(folder) is None:
                self._world.fail(
                    "the cursor is whole", f"{folder.name}: whoever is killed now leaves half of it"
                )

    def _on_remove(self, path: str) -> None:
        """The cursor goes last: without it all that is left is shipped again."""
        if path.endswith(_CURSOR):
            folder = Path(path).parent
            if left := segment_numbers(folder):
                self._world.fail(
                    "the cursor goes last", f"{folder.name}: it goes while segments {left} are there"
                )
        self._then_remove(path)

    def _on_rename(self, source: str, target: str) -> None:
        self._then_rename(source, target)
        path = Path(target)
        if target.endswith(_CURSOR):
            self._look_at_cursor(path.parent, Path(source).read_bytes())
        elif target.endswith(SUFFIX):
            self._names[source] = path
            self._look_at_header(Path(source), path)
        elif path.parent.name == "journal" and not _is_locked(Path(source)):
            self._world.fail("locked as long as it is written", f"{path.name} is seen before it is locked")

    def _look_at_cursor(self, folder: Path, content: bytes) -> None:
        """It moves only over what Redis took."""
        fields = _decode(content)
        place = _Place(int(str(fields["segment"])), int(str(fields["offset"])))
        places, now = self._places[folder], self._world.scheduler.now_ns
        before = places[-1][1]
        places.append((now, place))
        while places[1][0] < now - self._looked_ns:
            places.popleft()
        self._world.damage.cursors.discard(folder)
        if place <= before:
            return
        truth, was_sent = self._world.truth, self._world.keeping.was_sent
        for number in segment_numbers(folder):
            if not before.segment <= number <= place.segment:
                continue
            # what was left is looked at once more: nothing may have come behind the reader
            passed = number < place.segment
            start = before.offset if number == before.segment and not passed else HEADER_BYTES
            for frame in frames_in(segment_path(folder, number).read_bytes(), max(start, HEADER_BYTES)):
                if not passed and frame.start >= place.offset:
                    break
                if not was_sent(frame.given) and frame.given not in truth.excused:
                    self._world.fail(
                        "the cursor passes only what was sent",
                        f"{folder.name}: it moves from {before} to {place}, and {frame.given} was never sent",
                    )

    def not_passed(self, path: Path) -> int:
        """How many events of a segment lie behind what its journal's cursor said, now or a moment ago."""
        since, places = self._world.scheduler.now_ns - self._looked_ns, list(self._places[path.parent])
        while len(places) > 1 and places[1][0] < since:
            del places[0]
        cursor = read_cursor(path.parent)  # a power cut may have brought back an earlier one
        present = _Place(cursor.segment, cursor.offset)
        place, number = min([present, *(place for _, place in places)]), int(path.stem)
        if number < place.segment:
            return 0
        start = place.offset if number == place.segment else 0
        return sum(frame.start >= start for frame in frames_in(path.read_bytes()))

    def _look_at_header(self, draft: Path, path: Path) -> None:
        """It says how many events lie before it."""
        folder, flipped = path.parent, self._world.flipped
        earlier = [number for number in segment_numbers(folder) if number < int(path.stem)]
        if not earlier or segment_path(folder, earlier[-1]) in flipped:
            return
        content = segment_path(folder, earlier[-1]).read_bytes()
        header, fresh = read_header(memoryview(content)), read_header(memoryview(draft.read_bytes()))
        if header is None or fresh is None:
            return
        held = len(frames_in(content))
        if fresh.first_event != header.first_event + held:
            self._world.fail(
                "a segment says what lies before it",
                f"{folder.name}/{path.name} begins with event {fresh.first_event}; the one before it "
                f"begins with {header.first_event} and holds {held}",
            )

    def _on_map_write(self, draft: str, offset: int) -> None:
        """A frame was written: by who holds the journal, and in front of every reader."""
        path = self._names.get(draft)
        if path is None:
            return
        folder, number = path.parent, int(path.stem)
        where = f"{folder.name}/{path.name} at {offset}"
        if not _is_locked(folder):
            self._world.fail(
                "locked as long as it is written", f"{where} is written, and nobody holds its lock"
            )
        if not path.exists():
            self._world.fail("written where it is found", f"{where} is written, and the file is gone")
        numbers = segment_numbers(folder)
        if numbers and numbers[-1] > number:
            self._world.fail("written at the end", f"{where} is written, and there is {numbers[-1]} already")


def _is_locked(folder: Path) -> bool:
    try:
        fd = os.open(folder / OWNER_LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
