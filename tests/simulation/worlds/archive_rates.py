"""How likely each fault of an archive strikes where it may, and which of them a run has."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

#: At a touch.
_AT_A_TOUCH = {
    "kill": 0.0006,
    "stall": 0.0002,
    "disk error": 0.0006,
    "cut write": 0.3,
    "request lost": 0.003,
    "answer lost": 0.003,
    "connection refused": 0.03,
    "slow packet": 0.003,
    "end unseen": 0.1,
    "power cut at a commit": 0.02,
}
#: Whenever the nemesis thinks of it: what troubles any program of the stream, and what an archive alone.
_OF_ALL = {
    "Redis crashes": 0.3,
    "Redis crashes and forgets": 0.3,
    "Redis is out of memory": 0.2,
    "Redis is read-only": 0.1,
    "Redis is flushed": 0.1,
    "Redis evicts": 0.1,
    "Redis out of reach": 0.3,
    "disk full": 0.3,
    "clock jumps": 0.15,
    "asked to stop": 0.3,
}
_OF_ARCHIVES = {
    "time passes": 0.4,
    "power cut": 0.4,
    "ledger deleted": 0.2,
    "ledger damaged": 0.2,
    "ledger restored": 0.2,
    "file edited": 0.2,
    "something amid a batch": 0.4,
}
RATES = _AT_A_TOUCH | _OF_ALL | _OF_ARCHIVES


def few_but_often(chance: Random, rates: Mapping[str, float]) -> dict[str, float]:
    """The same rates at a touch; of all other troubles one to four, which come again and again."""
    few = chance.sample(sorted(_OF_ARCHIVES), chance.choice((1, 2, 2)))
    few += chance.sample(sorted(_OF_ALL), chance.choice((0, 0, 1)))
    few += chance.choice(((), (), ("ledger restored",)))  # shows only by what comes before and behind it
    often = chance.choice((0.3, 1.0))
    return {kind: rate for kind, rate in rates.items() if kind in _AT_A_TOUCH} | dict.fromkeys(few, often)
