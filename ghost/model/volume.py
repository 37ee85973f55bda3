"""What a bar traded, so that none of it is used twice. Only where the rules ask for it; else a bar fills everything."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction


class Volume:
    """What is left of a bar's volume; None: it is not counted.

    A limit is filled whole or not at all; a stop or a market order is filled anyway, and takes what is left.
    """

    __slots__ = ("_size", "left")

    def __init__(self, left: Fraction | None = None, size: Fraction = Fraction(0)) -> None:
        self.left = left
        self._size = size

    def of_size(self, size: Fraction | None) -> Volume:
        """The same for an order of this size, in units of the coin; None: not known, so it is not counted."""
        return Volume() if size is None or self.left is None else Volume(self.left, size)

    def again(self) -> Volume:
        """The same for another order of things."""
        return Volume(self.left, self._size)

    def used_by(self, others: list[Volume]) -> None:
        """What is left behind whichever of these took most."""
        if self.left is not None:
            self.left = min((other.left for other in others if other.left is not None), default=self.left)

    def fills(self, fraction: Decimal) -> bool:
        """Whether enough is left for this fraction of the size; then it is taken."""
        if self.left is None:
            return True
        wanted = Fraction(fraction) * self._size
        if wanted > self.left:
            return False
        self.left -= wanted
        return True

    def take(self, fraction: Decimal) -> None:
        """Take as much as there is."""
        if self.left is not None:
            self.left = max(Fraction(0), self.left - Fraction(fraction) * self._size)


#: Counts nothing.
PLENTY = Volume()
