"""What is known of each layer, lift and second opinion side by side. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from reports.layers.lift import Lift, Pattern, lifts
from reports.layers.regression import Effect, effects

#: A layer is consistent if it points one way in at least this share of the weeks, and in no fewer weeks than this.
SHARE_OF_WEEKS = 0.75
FEWEST_WEEKS = 4
#: The time of the regression grows with the cube of the layers; names beyond these are ids by mistake, not layers.
MOST_JUDGED = 200


class Finding(NamedTuple):
    """One layer: its lift, and its effect with all other layers held."""

    lift: Lift
    effect: Effect

    @property
    def layer(self) -> str:
        """Its name."""
        return self.lift.layer

    @property
    def disagree(self) -> bool:
        """Whether lift and second opinion point to different sides and one of them is sure."""
        opposite = self.lift.lift * self.effect.log_odds < 0
        return opposite and (self.lift.off_zero or self.effect.off_zero)

    @property
    def verdict(self) -> int:
        """1 if the layer demonstrably helps, -1 if it demonstrably hurts, 0 if neither is shown.

        Shown: the same sign in three quarters of the weeks, the pooled interval off zero, and the second opinion sure
        of the same side. The last one clears a layer that only keeps bad company.
        """
        lift, effect = self.lift, self.effect
        consistent = lift.weeks >= FEWEST_WEEKS and lift.weeks_same >= SHARE_OF_WEEKS * lift.weeks
        agreed = effect.off_zero and lift.lift * effect.log_odds > 0
        if not (consistent and lift.off_zero and agreed):
            return 0
        return int(math.copysign(1, lift.lift))


def find(patterns: Sequence[Pattern]) -> list[Finding]:
    """Findings on every layer that can be judged, best lift first; of very many, on those that are named most."""
    patterns = most_named(patterns)
    second = effects(patterns)
    return [Finding(lift, second[lift.layer]) for lift in lifts(patterns)]


def most_named(patterns: Sequence[Pattern], most: int = MOST_JUDGED) -> Sequence[Pattern]:
    """The same signals with no more layers than `most`: those that most of them name."""
    if len({name for one in patterns for name in one.layers}) <= most:
        return patterns
    named: Counter[str] = Counter()
    for one in patterns:
        named.update(dict.fromkeys(one.layers, one.closed))
    kept = set(sorted(named, key=lambda name: (-named[name], name))[:most])
    return [
        one._replace(layers={name: says for name, says in one.layers.items() if name in kept})
        for one in patterns
    ]
