"""What came before a plan or a line, and should have been seen by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ghost.model.bar import Bar


class Bars:
    """Bars in the order of the tape, which may be read only as they are asked for.

    whole: whether they are all that there ever were; said anew when the last of them was given.
    """

    def __init__(self, bars: Iterable[Bar] = (), *, whole: bool = True) -> None:
        self.bars, self.whole = bars, whole

    def __iter__(self) -> Iterator[Bar]:
        return iter(self.bars)
