"""Under which names is measured: checked, and so few that neither memory nor tape grows with what comes in."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from signaltape.errors import InvalidEvent
from signaltape.showing import show

#: So many things are measured by their own names in a process; what more there is, is counted as `OTHER` of its kind.
MOST_NAMES = 200
OTHER = "other"
#: Of these, so many; what is beyond both is refused.
MOST_OTHERS = 50
#: A name that nothing was measured of for so long makes room for another.
KEPT_S = 3600.0
#: In bytes. A longer name is cut: names of things come from outside.
LONGEST_NAME = 200
_LONGEST_WORD = 64


class Key(NamedTuple):
    """Of what it is: as in `signaltape.contract.measure_records.Measurement`."""

    kind: str
    name: str
    figure: str


class Names:
    """Those of a process. Whoever calls holds the Recorder's lock.

    overflowed: whether there were too many. looked: whether it was looked for old ones since the last flush.
    """

    def __init__(self) -> None:
        self.overflowed = self.looked = False
        self._used_at: dict[Key, float] = {}
        self._others: set[Key] = set()

    def admit(self, key: Key) -> Key:
        """The key to measure under. Raises InvalidEvent if there are far too many kinds and figures, too."""
        if key in self._used_at or len(self._used_at) < MOST_NAMES or self._made_room():
            self._used_at[key] = time.monotonic()
            return key
        self.overflowed = True
        other = key._replace(name=OTHER)
        if other not in self._others and len(self._others) >= MOST_OTHERS:
            raise InvalidEvent(f"{key.kind} {key.figure}: there are too many kinds and figures already")
        self._others.add(other)
        return other

    def _made_room(self) -> bool:
        if self.looked:
            return False
        self.looked = True
        oldest = time.monotonic() - KEPT_S
        self._used_at = {key: at for key, at in list(self._used_at.items()) if at > oldest}
        return len(self._used_at) < MOST_NAMES


def checked_key(kind: Any, name: Any, figure: Any) -> Key:
    """As it may stand in a record. Raises InvalidEvent, naming what is wrong."""
    if type(name) is not str and not isinstance(name, str):
        raise InvalidEvent(f"name must be a text, got {show(name)}")
    named = shortened(name, LONGEST_NAME)
    if not named:
        raise InvalidEvent(f"name must be a text of 1 to {LONGEST_NAME} characters, got {show(name)}")
    return Key(_word("kind", kind), named, _word("figure", figure))


def number_of(value: Any, figure: str) -> float:
    """A measured value that is no float. Raises InvalidEvent for what is no number."""
    if isinstance(value, str | bytes | bool) or not hasattr(value, "__float__"):
        raise InvalidEvent(f"{show(figure)} must be a number, got {show(value)}")
    return float(value)


def shortened(text: str, most_bytes: int) -> str:
    """A text from outside as it may stand in a record: no NUL, nothing that is no UTF-8, so many bytes at most."""
    return text.replace("\0", "").encode("utf-8", "replace")[:most_bytes].decode("utf-8", "ignore")


def _word(field: str, given: Any) -> str:
    if not isinstance(given, str) or shortened(given, _LONGEST_WORD) != given or not given:
        raise InvalidEvent(f"{field} must be a text of 1 to {_LONGEST_WORD} bytes, got {show(given)}")
    return given
