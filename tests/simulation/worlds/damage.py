"""Damage to the files of journals: what checksums mend must be as it was; else only what was hit may be missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from signaltape.journal.cursor import read_cursor
from signaltape.journal.frame import Frame, read_frame
from signaltape.journal.segment import HEADER_BYTES
from tests.simulation.worlds.truth import Given, given_of

if TYPE_CHECKING:
    from tests.simulation.worlds.spine import SpineWorld

_EARLIER_FIELDS = ("segment", "offset", "events", "run_id", "last_ids")
_MOST_BYTES = 300
#: Within so many bytes a cursor says how far its journal was shipped.
_PLACE_BYTES = 45


class _Stretch(NamedTuple):
    given: Given
    start: int
    stop: int


class Damage:
    """Acts of the nemesis. Of each segment only one stretch, or one bit, is damaged."""

    def __init__(self, world: SpineWorld) -> None:
        self._world = world
        self._chance = world.faults.chance("damage")
        #: whether anything was damaged in such a way that its writer cannot count its events any more
        self.beyond_counting = False

    def acts(self) -> dict[str, Callable[[float], str]]:
        """By the kind of fault."""
        return {
            "a cursor's bit flips": lambda _seconds: self._flip_cursor(),
            "a cursor of an earlier version": lambda _seconds: self._write_earlier_cursor(),
            "a header is lost": lambda _seconds: self._lose_header(),
            "a stretch is lost": lambda _seconds: self._lose_stretch(),
        }

    def _flip_cursor(self) -> str:
        paths = self._found("home/journal/*/cursor.json")
        if paths:
            waiting = [path for path in paths if self._is_waiting(path.parent)]
            path = self._chance.choice(waiting or paths)
            content = bytearray(path.read_bytes())
            if content:
                bit = self._chance.randrange(len(content) * 8)
                digits = [at for at, byte in enumerate(content[:_PLACE_BYTES]) if chr(byte).isdigit()]
                if digits and self._chance.random() < 0.7:  # what may be read as another number
                    bit = self._chance.choice(digits) * 8 + self._chance.randrange(4)
                content[bit // 8] ^= 1 << bit % 8
                path.write_bytes(content)
                self._tell(path, f"bit {bit} flips")
                if self._chance.random() < 0.5:  # who has read it does not look again
                    self._kill_all(path)
        return "flipped"

    def _write_earlier_cursor(self) -> str:
        """An engine's home was used by an earlier version for a while: it wrote cursors without a checksum."""
        paths = self._found("home/journal/*/cursor.json")
        if paths:
            path = self._chance.choice(paths)
            cursor = read_cursor(path.parent)
            self._kill_all(path)
            earlier = {name: getattr(cursor, name) for name in _EARLIER_FIELDS}
            path.write_bytes(msgspec.json.encode(earlier))
            self._tell(path, "written anew, as an earlier version did")
        return "written"

    def _lose_header(self) -> str:
        path = self._segment()
        if path is not None:
            self._write(path, 0, self._anything(HEADER_BYTES))
            self._tell(path, "its header is lost")
        return "lost"

    def _lose_stretch(self) -> str:
        """Zeros, or anything, in the place of some bytes: often of the last frame."""
        path = self._segment()
        frames = _frames(path.read_bytes()) if path is not None else []
        if path is None or not frames:
            return "nothing to lose"
        chance = self._chance
        kind = chance.random()
        if kind < 0.3:
            start, stop = frames[-1].start, frames[-1].stop
        else:
            start = chance.choice(self._not_sent(frames) or frames).start
            if kind < 0.6:
                start += chance.randrange(8) * 8
            stop = min(start + 8 + chance.randrange(_MOST_BYTES), frames[-1].stop)
        if start >= stop:
            return "nothing to lose"
        hit = {frame.given for frame in frames if frame.start < stop and start < frame.stop}
        self._world.truth.excused |= hit
        length = stop - start
        self._write(path, start, bytes(length) if chance.random() < 0.5 else self._anything(length))
        self._tell(path, f"{length} bytes at {start} are lost, and so are {', '.join(sorted(map(str, hit)))}")
        return "lost"

    def _segment(self) -> Path | None:
        """One that nothing happened to yet."""
        paths = [path for path in self._found("home/journal/*/*.seg") if path not in self._world.flipped]
        if not paths:
            return None
        waiting = [path for path in paths if self._not_sent(_frames(path.read_bytes()))]
        path = self._chance.choice(waiting or paths)
        self._world.flipped.add(path)
        self.beyond_counting = True
        return path

    def _kill_all(self, path: Path) -> None:
        for process in self._world.supervisor.processes():
            if path.is_relative_to(process.machine.folder):
                process.kill()

    def _is_waiting(self, folder: Path) -> bool:
        return any(self._not_sent(_frames(path.read_bytes())) for path in sorted(folder.glob("*.seg")))

    def _not_sent(self, frames: list[_Stretch]) -> list[_Stretch]:
        return [frame for frame in frames if not self._world.keeping.was_sent(frame.given)]

    def _anything(self, length: int) -> bytes:
        return bytes(self._chance.randrange(256) for _ in range(length))

    def _found(self, pattern: str) -> list[Path]:
        return sorted(path for machine in self._world.homes for path in machine.folder.glob(pattern))

    def _write(self, path: Path, start: int, content: bytes) -> None:
        with path.open("r+b") as file:
            file.seek(start)
            file.write(content)

    def _tell(self, path: Path, text: str) -> None:
        self._world.story.tell("world", f"{path.parent.name}/{path.name}: {text}")


def _frames(content: bytes) -> list[_Stretch]:
    """The frames of a segment that is whole, up to its end."""
    view, offset, found = memoryview(content), HEADER_BYTES, []
    while isinstance(frame := read_frame(view, offset), Frame):
        found.append(_Stretch(given_of(frame.name.decode(), frame.data), offset, frame.end))
        offset = frame.end
    return found
