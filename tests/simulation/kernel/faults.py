"""What goes wrong: which kinds of faults a run has, how often each strikes, and what was left out of a story."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType

from tests.simulation.kernel.story import Story


class Faults:
    """Draws, for each kind apart, whether it strikes.

    rates: how likely each kind strikes where it may; kinds that are not in it never do.
    left_out: numbers of faults (as `strikes` counts them) that are drawn but do not happen.
    """

    def __init__(
        self, seed: int, rates: Mapping[str, float], story: Story, left_out: Collection[int] = ()
    ) -> None:
        self.rates = MappingProxyType(dict(rates))
        self.active = False
        #: how many were drawn so far, whether they happened or not
        self.count = 0
        #: the numbers of those that happened
        self.happened: list[int] = []
        #: told of each that happens
        self.on_fault: Callable[[str], None] = lambda _kind: None
        self._story = story
        self._left_out = frozenset(left_out)
        self._seed = seed
        self._chances: dict[str, random.Random] = {}
        self._draws = {kind: (self.chance(kind).random, rate) for kind, rate in self.rates.items()}

    def chance(self, kind: str) -> random.Random:
        """What a kind draws the rest from: how long, which one."""
        found = self._chances.get(kind)
        if found is None:
            found = self._chances[kind] = random.Random(f"fault {kind} {self._seed}")
        return found

    def strikes(self, kind: str, what: str = "") -> bool:
        """Whether a fault of this kind happens here and now."""
        return self.is_drawn(kind) and self.happens(kind, what)

    def is_drawn(self, kind: str) -> bool:
        """Whether one is drawn; then `happens` is to be asked. For whom the words cost more than the draw."""
        if not self.active:
            return False
        draw = self._draws.get(kind)
        return draw is not None and draw[0]() < draw[1]

    def happens(self, kind: str, what: str = "") -> bool:
        """One was drawn. False if it was left out."""
        number, self.count = self.count, self.count + 1
        if number in self._left_out:
            return False
        self.happened.append(number)
        self.on_fault(kind)
        self._story.tell(f"fault {number}, {kind}", what)
        return True
