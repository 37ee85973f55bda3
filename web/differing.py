"""Two contents of one event side by side, value by value. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

NOTHING = ""
#: Values at most; deeper than this a value is shown as its JSON.
_MOST, _DEEPEST = 500, 6
#: Numbers as they stand.
_DECODER = msgspec.json.Decoder(float_hook=lambda text: msgspec.Raw(text.encode()))
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Pair(NamedTuple):
    """A value at its path, as it is stored and as it came again, in JSON; empty where there is none."""

    path: str
    first: str
    again: str

    @property
    def differs(self) -> bool:
        """Whether it is not the same."""
        return self.first != self.again


def side_by_side(first: str | None, again: str) -> list[Pair]:
    """All values of both, those that differ before the others. first, again: JSON; None: it is not there any more."""
    before, after = _values(first) if first is not None else {}, _values(again)
    pairs = [Pair(path, before.get(path, NOTHING), after.get(path, NOTHING)) for path in {**before, **after}]
    return sorted(pairs, key=lambda pair: not pair.differs)[:_MOST]


def _values(text: str) -> dict[str, str]:
    return dict(_walk("", _DECODER.decode(text), 0))


def _walk(path: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value and depth < _DEEPEST:
        for name, inner in value.items():
            yield from _walk(f"{path}.{name}" if path else name, inner, depth + 1)
    else:
        yield path or "(all)", _ENCODER.encode(value).decode()
