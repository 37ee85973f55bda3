"""How far a symbol's price went since any of the moments at which a position began: kept by the bar, asked at the end.

The time since the first of these moments is cut at each of them; a bar is compared with the last piece only.
"""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal

from msgspec import Struct


class Piece(Struct, array_like=True, omit_defaults=True):
    """From one such moment to the next. high is None while no bar came; users: positions that began here."""

    mark: int
    begin_us: int
    high: Decimal | None = None
    low: Decimal | None = None
    users: int = 0

    def widen(self, high: Decimal | None, low: Decimal | None) -> None:
        """It went as far as this, too."""
        if high is None or low is None:
            return
        self.high = high if self.high is None else max(self.high, high)
        self.low = low if self.low is None else min(self.low, low)


class Extremes(Struct, omit_defaults=True):
    """Of one symbol."""

    next_mark: int = 0
    pieces: list[Piece] = []

    def begin(self, at_us: int) -> int:
        """A position begins behind the bar that was last: the mark to ask with."""
        last = self.pieces[-1] if self.pieces else None
        if last is None or last.high is not None or last.begin_us != at_us:
            last = Piece(self.next_mark, at_us)
            self.next_mark += 1
            self.pieces.append(last)
        last.users += 1
        return last.mark

    def end(self, mark: int) -> None:
        """A position that began there is over. A piece without any is put to the one before."""
        place = self._place(mark)
        piece = self.pieces[place]
        piece.users -= 1
        if piece.users:
            return
        del self.pieces[place]
        if place:
            self.pieces[place - 1].widen(piece.high, piece.low)

    def since(self, mark: int) -> tuple[Decimal, Decimal] | None:
        """Highest and lowest since the mark; None if no bar came."""
        whole = Piece(mark, 0)
        for piece in self.pieces[self._place(mark) :]:
            whole.widen(piece.high, piece.low)
        return None if whole.high is None or whole.low is None else (whole.high, whole.low)

    def next_bar(self, high: Decimal, low: Decimal) -> None:
        """The next bar went this far."""
        if self.pieces:
            self.pieces[-1].widen(high, low)

    def coarse_bar(self, begin_us: int, high: Decimal, low: Decimal) -> None:
        """So did a bar that began earlier: of interest to positions that were open when it began."""
        for piece in reversed(self.pieces):
            if piece.begin_us <= begin_us:
                piece.widen(high, low)
                return

    def _place(self, mark: int) -> int:
        return bisect_left(self.pieces, mark, key=lambda piece: piece.mark)
