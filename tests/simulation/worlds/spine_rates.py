"""Which faults the spine's world has, and which of them a run has that is set up for nothing in particular."""

from __future__ import annotations

import random
from collections.abc import Mapping

from tests.simulation.worlds.keeping import EXCUSING
from tests.simulation.worlds.streaming import STREAM_RATES

#: How likely each strikes where it may. 0: it is there, or not, for a whole run.
RATES = {
    **STREAM_RATES,
    "signal": 0.002,
    "signal amid a change": 0.1,
    "dawdles": 0.02,
    "meets": 0.06,
    "disk full": 0.2,
    "bit flips": 0.1,
    "Redis has an older snapshot": 0.3,
    "Redis fails over": 0.3,
    "Redis is short of memory": 0.5,
    "Redis keeps evicting": 0.4,
    "a stream is evicted amid a batch": 0.4,
    "Redis falls back by minutes": 0.4,
    "Redis evicts out of sight": 0.3,
    "engines die cut off": 0.4,
    "engines leave": 0.2,
    "shippers leave": 0.2,
    "power cut": 0.3,
    "Redis refuses to tell": 0.0,
    "a key of another kind": 0.3,
    "a cursor's bit flips": 0.6,
    "a cursor of an earlier version": 0.1,
    "a header is lost": 0.3,
    "a stretch is lost": 0.6,
    "lists fail": 0.25,
    "cursors fail": 0.3,
    "makes fail": 0.05,
    "killed at its cursor": 0.02,
    "killed at a removal": 0.1,
    "killed between two saves": 0.5,
    "dies under a look": 0.3,
    "killed at its word": 0.1,
    "a stream refuses on": 0.0,
    "files fail on": 0.0,
}
#: These hide much of what else goes wrong: few runs have them.
RARE = frozenset(("Redis refuses to tell", "files fail on", "a stream refuses on"))
#: A part of the runs has nothing for which things may be sent again, or go early; the others have some of what is rare.
_CALM, _SELDOM = 0.35, 0.35
#: In so many runs there are only a few kinds: what one of them breaks, the next may mend, or excuse.
_SPARSE = 0.3


def calmed(rates: Mapping[str, float], chance: random.Random) -> dict[str, float]:
    """The kinds of one run. What excuses much hides much: so not each run has such kinds."""
    calm = chance.random() < _CALM
    left_out = (EXCUSING if calm else frozenset[str]()) | {
        kind for kind in sorted(RARE) if calm or chance.random() >= _SELDOM
    }
    kinds = [kind for kind in rates if kind not in left_out]
    if chance.random() < _SPARSE:
        few = chance.sample(kinds, min(len(kinds), chance.choice((0, 1, 3, 6))))
        kinds = [kind for kind in RATES if kind in few or (kind in RARE and kind in kinds)]
    return {kind: rates.get(kind, RATES[kind]) for kind in kinds}
