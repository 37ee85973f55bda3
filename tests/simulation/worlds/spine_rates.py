"""Which faults the spine's world has, and which of them a run has."""

from __future__ import annotations

import random
from collections.abc import Mapping

from tests.simulation.worlds.keeping import EXCUSING

#: How likely each strikes where it may. 0: it is there, or not, for a whole run.
RATES = {
    "kill": 0.0006,
    "stall": 0.0002,
    "signal": 0.002,
    "signal amid a change": 0.1,
    "disk error": 0.0003,
    "cut write": 0.3,
    "request lost": 0.003,
    "answer lost": 0.003,
    "connection refused": 0.03,
    "slow packet": 0.003,
    "end unseen": 0.1,
    "commit answer lost": 0.03,
    "Redis crashes": 0.3,
    "Redis crashes and forgets": 0.3,
    "Redis is out of memory": 0.2,
    "Redis is read-only": 0.1,
    "Redis is flushed": 0.1,
    "Redis evicts": 0.1,
    "Redis out of reach": 0.3,
    "Postgres away": 0.3,
    "Postgres locked": 0.3,
    "Postgres cuts": 0.3,
    "Postgres refuses": 0.1,
    "disk full": 0.2,
    "clock jumps": 0.15,
    "asked to stop": 0.3,
    "bit flips": 0.1,
    "Redis has an older snapshot": 0.3,
    "Redis fails over": 0.3,
    "Redis is short of memory": 0.5,
    "Redis keeps evicting": 0.25,
    "Redis refuses to tell": 0.0,
    "a key of another kind": 0.3,
    "a cursor's bit flips": 0.6,
    "a cursor of an earlier version": 0.1,
    "a header is lost": 0.3,
    "a stretch is lost": 0.6,
    "lists fail": 0.1,
    "killed at its cursor": 0.02,
    "killed at a removal": 0.1,
    "a stream refuses on": 0.0,
    "files fail on": 0.0,
}
#: These hide much of what else goes wrong: few runs have them.
_RARE = frozenset(("Redis refuses to tell", "files fail on", "a stream refuses on"))
#: A part of the runs has nothing for which things may be sent again, or go early; and a part has nothing rare.
_CALM, _SELDOM = 0.35, 0.3


def calmed(rates: Mapping[str, float], chance: random.Random) -> dict[str, float]:
    """The kinds of one run. What excuses much hides much: so not each run has such kinds."""
    left_out = EXCUSING if chance.random() < _CALM else frozenset[str]()
    if left_out or chance.random() >= _SELDOM:
        left_out |= _RARE
    return {kind: rate for kind, rate in rates.items() if kind not in left_out}
