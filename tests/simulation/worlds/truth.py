"""What really happened, kept beside the product: who gave what, and where each of it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from signaltape.journal.frame import Frame, Gap, mend, next_frame_after, read_frame
from signaltape.journal.segment import HEADER_BYTES, SUFFIX
from tests.simulation.kernel.machines import Process

#: The field of an event's data that tells one from another, whatever its key.
TOKEN = "token"
#: A segment that is made in a signal's handler is of this size.
SMALL_BYTES = 16 * 1024


class Key(NamedTuple):
    """What makes an event or record one: by it the tables are unique."""

    one: str
    event: str


class _Data(msgspec.Struct):
    signal_id: str = ""
    id: str = ""
    token: str = ""


_decode = msgspec.json.Decoder(_Data).decode


class Given(NamedTuple):
    """What an engine gave: its key, and which content."""

    key: Key
    token: str

    def __str__(self) -> str:
        return f"{self.token} ({self.key.event} {self.key.one})"


def given_of(name: str, data: bytes) -> Given:
    """Which event this is, by its name and data as they stand in a journal, a stream or a table."""
    found = _decode(data)
    return Given(Key(found.signal_id or found.id, name if found.signal_id else "record"), found.token)


class Truth:
    """What engines gave, and what may be missing for a reason."""

    def __init__(self) -> None:
        #: given, whatever came of it; and those of which emit said that they are safe
        self.attempted: set[Given] = set()
        self.accepted: set[Given] = set()
        #: gone by the journal's bound, and by a power cut or damage that no checksum mends
        self.evicted: set[Given] = set()
        self.excused: set[Given] = set()
        #: not in any journal any more, as their time or the bound was over: gone if Redis forgets them now
        self.only_streamed: set[Given] = set()
        self.by_key: defaultdict[Key, set[str]] = defaultdict(set)

    def attempt(self, given: Given) -> None:
        """An engine is about to give it."""
        self.attempted.add(given)

    def accept(self, given: Given) -> None:
        """Emit said that it is safe."""
        self.accepted.add(given)
        self.by_key[given.key].add(given.token)


def journalled(home: Path) -> Iterator[Given]:
    """Everything that stands in the journals of a home."""
    for path in sorted(home.glob(f"journal/*/*{SUFFIX}")):
        yield from frames_of(path)


def frames_of(path: Path) -> list[Given]:
    """Everything that stands in a segment."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    return [frame.given for frame in frames_in(content)]


class Stretch(NamedTuple):
    """A frame in a segment, from where to where."""

    given: Given
    start: int
    stop: int


def frames_in(content: bytes, offset: int = HEADER_BYTES) -> list[Stretch]:
    """Everything that stands in a segment from an offset on, with the bit that flipped put right."""
    view, found = memoryview(content), list[Stretch]()
    while offset < len(view):
        frame: Frame | Gap | None = read_frame(view, offset)
        if not isinstance(frame, Frame):
            if not any(view[offset:]):
                break
            frame = mend(view, offset)
        if frame is None:
            follows = next_frame_after(view, offset)
            if follows is None:
                break
            offset = follows
            continue
        found.append(Stretch(given_of(frame.name.decode(), frame.data), offset, frame.end))
        offset = frame.end
    return found


def is_owner(process: Process, segment: Path) -> bool:
    """Whether a journal is of this process: only an engine gives up segments at the bound, and only its own."""
    return segment.parent.name.split("-")[2] == str(process.pid)


def streamed(entries: Iterable[tuple[object, Iterable[bytes]]]) -> Iterator[Given]:
    """Everything that stands in a stream. entries: ids, and names and values in turn."""
    for _, fields in entries:
        flat = list(fields)
        values = dict(zip(flat[::2], flat[1::2], strict=False))
        if b"event" in values and b"data" in values:
            yield given_of(values[b"event"].decode(), values[b"data"])
