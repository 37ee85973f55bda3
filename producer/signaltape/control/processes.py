"""A process as it shows itself to the others: what stands in one field of `<stream>:processes`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from signaltape.control.state import MOST_EPOCH, PAUSED, RUNNING, Control, State

#: Seen longer ago than this, it has frozen or its machine is away.
SILENT_MS = 5_000
#: Longer than this, it is gone: it is not waited for.
GONE_MS = 60_000
#: It stays in the list for so long, for it may have frozen and may wake; whoever reconciles takes it out then …
FORGOTTEN_MS = 6 * 3_600_000
#: … and of those that are gone keeps the last ones only.
MOST_GONE = 50
#: A number further ahead of the server's clock is believed of no process: nobody may use up all numbers.
BELIEVED_AHEAD_MS = 400 * 86_400_000
#: No process of ours writes more; a field that holds more is none of ours.
_MOST_BYTES = 4_096
_Ms = Annotated[int, Meta(ge=0, le=MOST_EPOCH)]
_Name = Annotated[str, Meta(max_length=255)]


class Shown(Struct, frozen=True, kw_only=True):
    """What a process says of itself. Times are milliseconds since 1970, as Redis tells them if it may be asked.

    epoch: of the word that it follows, 0 for none; heard: what that word says, None from one that does not tell it.
    state: what it does; out of reach of control it may pause by itself.
    """

    role: Annotated[str, Meta(max_length=64)]
    host: _Name
    pid: Annotated[int, Meta(ge=0, le=2**53)]
    version: Annotated[str, Meta(max_length=64)] = ""
    seen_ms: _Ms
    started_ms: _Ms
    epoch: _Ms
    state: State
    heard: State | None = None


class Process(Shown, frozen=True, kw_only=True):
    """The same with its name, `role@host:pid`."""

    name: str

    def age_ms(self, now_ms: int) -> int:
        """How long ago it showed itself; 0 where its clock is ahead."""
        return max(0, now_ms - self.seen_ms)

    def is_silent(self, now_ms: int) -> bool:
        """Whether it should have shown itself again by now."""
        return self.age_ms(now_ms) > SILENT_MS

    def is_gone(self, now_ms: int) -> bool:
        """Whether it has been silent for so long that it is not waited for; a clock that far ahead was set since."""
        return abs(now_ms - self.seen_ms) > GONE_MS

    def is_forgotten(self, now_ms: int) -> bool:
        """Whether nobody need be told any more that it is gone."""
        return self.age_ms(now_ms) > FORGOTTEN_MS or self.seen_ms - now_ms > GONE_MS

    def has_answered(self, epoch: int) -> bool:
        """Whether it follows this word, or a newer one."""
        return self.epoch >= epoch


def name_of(role: str, host: str, pid: int, nth: str = "") -> str:
    """What a process is called. nth: tells it from another of that name, behind another wall of process numbers."""
    return f"{role}@{host}:{pid}{'.' + nth if nth else ''}"


def encode(shown: Shown) -> bytes:
    """A field's value."""
    return msgspec.json.encode(shown)


def process_of(name: bytes, value: bytes) -> Process | None:
    """The process of a field, None if this is none of ours."""
    if len(value) > _MOST_BYTES or len(name) > _MOST_BYTES:
        return None
    try:
        shown = msgspec.json.decode(value, type=Shown)
        return Process(name=name.decode(), **msgspec.structs.asdict(shown))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def processes_of(fields: Mapping[bytes, bytes]) -> list[Process]:
    """All that can be read, by name."""
    found = (process_of(name, value) for name, value in fields.items())
    return sorted((one for one in found if one is not None), key=lambda one: one.name)


class Lost(Struct, frozen=True):
    """A word that processes have heard, and that is kept nowhere: its number, and what they do by it."""

    epoch: int
    state: State
    heard_by: str


def lost_word(processes: Iterable[Process], kept: Control, now_ms: int) -> Lost | None:
    """What some follow though it is newer than what is kept: Redis lost it before Postgres had heard of it.

    Said in two places at a time, two words may have one number: the pause is the newer one, and may be the one lost.
    Where several did, or what is kept says so, the pause counts: so whoever may only show itself can resume nobody.
    """
    believed = [one for one in processes if one.epoch <= now_ms + BELIEVED_AHEAD_MS]
    ahead = [one for one in believed if (one.epoch, one.heard == PAUSED) > kept.order]
    if not ahead:
        return None
    newest = max(ahead, key=lambda one: one.epoch)
    pauses = kept.paused or any((one.heard or one.state) == PAUSED for one in ahead)
    return Lost(newest.epoch, PAUSED if pauses else RUNNING, newest.name)


def highest_epoch(processes: Iterable[Process], now_ms: int) -> int:
    """The highest number of those that are believed; 0 if nobody follows a word."""
    return max((one.epoch for one in processes if one.epoch <= now_ms + BELIEVED_AHEAD_MS), default=0)


def fields_to_remove(fields: Mapping[bytes, bytes], now_ms: int) -> list[bytes]:
    """Those of processes that are gone for long, or are too many, and what is none of ours."""
    read = {name: process_of(name, value) for name, value in fields.items()}
    gone = [one for one in read.values() if one is not None and one.is_gone(now_ms)]
    kept = {one.name for one in sorted(gone, key=lambda one: one.seen_ms)[-MOST_GONE:]}
    return [
        name
        for name, one in read.items()
        if one is None or one.is_forgotten(now_ms) or (one.is_gone(now_ms) and one.name not in kept)
    ]
