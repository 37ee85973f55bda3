"""Damage to the files of journals: what checksums mend must be as it was; else only what was hit may be missing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from signaltape.journal.cursor import read_cursor
from signaltape.journal.frame import Gap, read_frame
from signaltape.journal.segment import HEADER_BYTES
from tests.simulation.kernel.machines import NS, Process
from tests.simulation.worlds.spine_base import SpineBase
from tests.simulation.worlds.truth import Given, Stretch, frames_in, frames_of

_EARLIER_FIELDS = ("segment", "offset", "events", "run_id", "last_ids")
_MOST_BYTES = 300
#: Within so many bytes a cursor says how far its journal was shipped.
_PLACE_BYTES = 45
#: So long after damage, and all other troubles, what follows it has been sent.
_PAST_NS = 200 * NS


class Damage:
    """Acts of the nemesis. Of each segment only one stretch, or one bit, is damaged."""

    def __init__(self, world: SpineBase) -> None:
        self._world = world
        self._chance = world.faults.chance("damage")
        #: whether anything was damaged in such a way that its writer cannot count its events any more
        self.beyond_counting = False
        #: whether what follows the damage may have to wait for the end of its engine
        self.holds_up = False
        #: journals whose cursor was damaged, and not written since
        self.cursors: set[Path] = set()
        #: the segment that was damaged last, at what time, and from where on
        self._last: tuple[Path, int, int] | None = None
        #: what happens to an event that an engine gives next, before anybody has seen it
        self._next: list[Callable[[Process, Given], object]] = []

    def acts(self) -> dict[str, Callable[[float], str]]:
        """By the kind of fault."""
        return {
            "a cursor's bit flips": lambda _seconds: self._flip_cursor(),
            "a cursor of an earlier version": lambda _seconds: self._write_earlier_cursor(),
            "a header is lost": lambda _seconds: self._lose_header(),
            "a stretch is lost": lambda _seconds: self._lose_stretch(),
        }

    def emitted(self, process: Process, given: Given) -> None:
        """An engine gave an event just now: nobody has read it yet."""
        if self._next:
            self._next.pop()(process, given)

    def begin_last(self) -> bool:
        """Damage once more, when all else has ended. True if what follows must not wait for the engine's end."""
        self._next.clear()
        if "a stretch is lost" not in self._world.faults.rates or self._chance.random() < 0.3:
            return False
        self._next.append(self._lose_last)
        return True

    def _lose_last(self, process: Process, given: Given) -> None:
        if process.machine in self._world.shipped_once:  # the next of those that come there
            self._next.append(self._lose_last)
        elif (last := self._lose_written(process, given, zeros=False)) is not None:
            self._last = (*last, self._world.scheduler.now_ns)

    def check_last(self) -> None:
        """What follows the last damage is sent soon, though the engine lives on and has no other segment."""
        world = self._world
        if self._last is None or world.lasting.begun:
            return
        path, start, since_ns = self._last
        if world.scheduler.now_ns < max(since_ns, world.disturbed_ns) + _PAST_NS or not path.exists():
            return
        left = [one for one in self._not_sent(frames_in(path.read_bytes())) if one.start > start]
        if left:
            world.fail(
                "goes past damage", f"{path.parent.name}/{path.name}: {left[0].given} waits behind {start}"
            )
        self._last = None

    def _flip_cursor(self) -> str:
        if self._chance.random() < 0.5:
            self._next.append(self._flip_behind)
            return "flips soon"
        paths = self._found("home/journal/*/cursor.json")
        if paths:
            waiting = [path for path in paths if self._is_waiting(path.parent)]
            path = self._chance.choice(waiting or paths)
            self._flip(path)
            if self._chance.random() < 0.5:  # who has read it does not look again
                self._kill_all(path)
        return "flipped"

    def _flip_behind(self, process: Process, given: Given) -> None:
        """The cursor of the journal that holds what waits, and all who know how far it was shipped are gone."""
        for path in self._found("home/journal/*/cursor.json"):
            if path.is_relative_to(process.machine.folder) and any(
                given in frames_of(one) for one in path.parent.glob("*.seg")
            ):
                self._flip(path)
                self._later(partial(self._kill_all, path))
                return

    def _flip(self, path: Path) -> None:
        content = bytearray(path.read_bytes())
        if b'"crc32":' not in content:  # of an earlier version: nobody can tell
            return
        bit = self._chance.randrange(len(content) * 8)
        digits = [at for at, byte in enumerate(content[:_PLACE_BYTES]) if chr(byte).isdigit()]
        if digits and self._chance.random() < 0.8:  # what may be read as another number, rather a greater one
            at = self._chance.choice(digits)
            bits = [
                one
                for one in range(4)
                if not content[at] >> one & 1 and chr(content[at] ^ 1 << one).isdigit()
            ]
            bit = at * 8 + self._chance.choice(bits or range(4))
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        self.cursors.add(path.parent)
        self._world.keeping.excuse()
        self._tell(path, f"bit {bit} flips")

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
        chance = self._chance
        if chance.random() < 0.6:
            self._next.append(partial(self._lose_written, zeros=chance.random() < 0.5))
            return "lost soon"
        path = self._segment()
        frames = frames_in(path.read_bytes()) if path is not None else []
        if path is None or not frames:
            return "nothing to lose"
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
        self._lose(path, frames, start, stop, zeros=chance.random() < 0.5)
        return "lost"

    def _lose_written(self, process: Process, given: Given, *, zeros: bool) -> tuple[Path, int] | None:
        """The frame that was written just now. Gives where it is, if it is the last of a segment."""
        for path in self._found("home/journal/*/*.seg"):
            if path in self._world.flipped or not path.is_relative_to(process.machine.folder):
                continue
            frames = frames_in(path.read_bytes())
            if frames and frames[-1].given == given:
                self._world.flipped.add(path)
                self.beyond_counting = True
                start = frames[-1].start + self._chance.choice((0, 0, 8, 32))
                self._lose(path, frames, start, frames[-1].stop, zeros=zeros)
                return path, start
        return None

    def _lose(self, path: Path, frames: list[Stretch], start: int, stop: int, *, zeros: bool) -> None:
        hit = [frame for frame in frames if frame.start < stop and start < frame.stop]
        self._world.truth.excused |= {frame.given for frame in hit}
        self._world.keeping.excuse()
        length = stop - start
        self._write(path, start, bytes(length) if zeros else self._anything(length))
        waits = read_frame(memoryview(path.read_bytes()), hit[0].start) is Gap.UNWRITTEN
        # As long as the engine has no other segment it may be about to write there; to who looks once, in any case.
        if waits or any(path.is_relative_to(machine.folder) for machine in self._world.shipped_once):
            self.holds_up = True
        names = ", ".join(sorted(str(frame.given) for frame in hit))
        self._tell(path, f"{length} bytes at {start} are lost, and so are {names}")

    def _segment(self) -> Path | None:
        """One that nothing happened to yet."""
        paths = [path for path in self._found("home/journal/*/*.seg") if path not in self._world.flipped]
        if not paths:
            return None
        waiting = [path for path in paths if self._not_sent(frames_in(path.read_bytes()))]
        path = self._chance.choice(waiting or paths)
        self._world.flipped.add(path)
        self.beyond_counting = True
        return path

    def _later(self, act: Callable[[], None]) -> None:
        """As soon as somebody else goes on: not within the task that calls."""
        process = Process(self._world.machine("nowhere"), "damage")
        process.killable = False
        process.start(act)

    def _kill_all(self, path: Path) -> None:
        for process in self._world.supervisor.processes():
            if path.is_relative_to(process.machine.folder):
                process.kill()

    def _is_waiting(self, folder: Path) -> bool:
        return any(self._not_sent(frames_in(path.read_bytes())) for path in sorted(folder.glob("*.seg")))

    def _not_sent(self, frames: list[Stretch]) -> list[Stretch]:
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
