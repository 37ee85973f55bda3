"""What is wanted of all processes: running or paused, and which of two words is the newer one. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, cast

from msgspec import Struct

from signaltape.clock import from_epoch_ms
from signaltape.errors import SignaltapeError

State = Literal["running", "paused"]
RUNNING: Final[State] = "running"
PAUSED: Final[State] = "paused"
#: Whole in a Lua number with room to grow; as milliseconds since 1970 some 140,000 years. More is believed of nobody.
MOST_EPOCH = 2**52
#: Who and why, in a list and in a message.
MOST_TEXT = 200
_NUMBER = re.compile(rb"[1-9][0-9]{0,15}\Z")


class Garbled(SignaltapeError):
    """What stands in the hash of control cannot be read; the message says what of it."""


class Control(Struct, frozen=True, kw_only=True):
    """What was said last: by whom and why, and when (milliseconds since 1970).

    epoch: its number. A process never goes back to an older one.
    """

    state: State
    epoch: int
    by: str = ""
    why: str = ""
    at_ms: int = 0

    @property
    def paused(self) -> bool:
        """Whether all is to stand still."""
        return self.state == PAUSED

    @property
    def at(self) -> datetime:
        """When it was said."""
        return from_epoch_ms(self.at_ms)

    @property
    def order(self) -> tuple[int, bool]:
        """What is compared: where two were said with the same number, in two places, the pause counts."""
        return self.epoch, self.paused


def is_newer(one: Control | None, other: Control | None) -> bool:
    """Whether `one` was said later than `other`; anything is newer than nothing."""
    return one is not None and (other is None or one.order > other.order)


def control_of(fields: Mapping[bytes, bytes]) -> Control | None:
    """What the hash says; None if it says nothing. Raises Garbled."""
    if not fields:
        return None
    state, epoch = fields.get(b"state", b""), fields.get(b"epoch", b"")
    if state not in (b"running", b"paused"):
        raise Garbled(f"state is {state[:40]!r}, neither running nor paused")
    if not _is_epoch(epoch):
        raise Garbled(f"epoch is {epoch[:40]!r}, not a whole number from 1 to {MOST_EPOCH}")
    at_ms = fields.get(b"at_ms", b"")
    return Control(
        state=cast(State, state.decode()),
        epoch=int(epoch),
        by=_text(fields.get(b"by", b"")),
        why=_text(fields.get(b"why", b"")),
        at_ms=int(at_ms) if _is_epoch(at_ms) else 0,
    )


def short_text(said: str) -> str:
    """A text as it is kept: a line long, and only what Postgres can hold, too."""
    return said.encode("utf-8", "replace").decode().replace("\0", "")[:MOST_TEXT]


def _is_epoch(text: bytes) -> bool:
    return _NUMBER.match(text) is not None and int(text) <= MOST_EPOCH


def _text(said: bytes) -> str:
    return short_text(said[: MOST_TEXT * 4].decode("utf-8", "replace"))
