"""What a run of the spine is set up for: most for nothing in particular, some so that one kind of trouble tells."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from types import MappingProxyType
from typing import NamedTuple

from tests.simulation.worlds.keeping import EXCUSING
from tests.simulation.worlds.spine_rates import RARE, RATES, calmed
from tests.simulation.worlds.workload import PACES

_QUICK = PACES[2:3]
#: The most segments that a journal may have, or bytes: so many that its bound is never reached.
_FEW_SEGMENTS, _UNBOUNDED = 10, 4_000_000


class Stage(NamedTuple):
    """From what the world draws its settings, and what happens in it.

    kinds: faults, and how likely each is where it may strike.
    beside: how many others there may be. None of them excuses anything.
    hurries: how likely an engine writes without a pause as long as a drain goes on.
    who_ships: engines themselves, others beside them, or `signaltape ship --once`; None: drawn.
    max_entries: what a worker writes at once. It has three times as much in hand, which Redis cannot lose.
    most_steps: what is to tell does so soon: it has no more steps with faults.
    often: so many times as often as others it is drawn: what tells seldom, or costs little.
    paces: how long all engines wait between bursts; None: each start of one draws it.
    """

    kinds: Mapping[str, float] = MappingProxyType({})
    beside: tuple[int, ...] = (0, 0, 1, 3)
    partitions: tuple[int, ...] = (1, 1, 2, 3)
    keep_s: tuple[int, ...] = (3, 5, 15, 90, 900)
    segment_bytes: tuple[int, ...] = (2_048, 4_096, 16_384)
    bounded: tuple[bool, ...] = (True, False)
    margin_s: tuple[float, ...] = (60.0, 15.0)
    batch_events: tuple[int, ...] = (3, 16, 256, 256)
    paces: tuple[tuple[float, ...] | None, ...] = (None, None, None, *PACES[-3:])
    max_entries: tuple[int, ...] = (8, 50, 500)
    retention_s: tuple[int, ...] = (60, 3600)
    hurries: float = 0.3
    who_ships: tuple[str | None, ...] = (None,)
    most_steps: int = 10_000
    often: int = 1

    def most_bytes(self, segment_bytes: int, chance: random.Random) -> int:
        """The bound of a journal."""
        return _FEW_SEGMENTS * segment_bytes if chance.choice(self.bounded) else _UNBOUNDED


ANY = Stage(most_steps=1_000_000)
#: Engines live long and fill their journals up to the bound. Of these kinds there are some.
AT_THE_BOUND = Stage(
    {
        kind: RATES[kind]
        for kind in (
            "signal",
            "signal amid a change",
            "dawdles",
            "meets",
            "cut write",
            "lists fail",
            "cursors fail",
            "killed at its word",
            "Redis out of reach",
            "asked to stop",
        )
    },
    keep_s=(900,),
    segment_bytes=(2_048, 4_096),
    bounded=(True,),
    most_steps=1_000_000,
)
STAGES = {
    "a stream goes amid a batch": Stage(
        {"a stream is evicted amid a batch": 1.0},
        beside=(0,),
        partitions=(1,),
        keep_s=(3, 5),
        max_entries=(8,),
        bounded=(False,),
        batch_events=(256,),
        paces=((0.3, 2.0),),
        most_steps=2_500,  # a stream that had many entries tells
        often=6,
    ),
    "a loss is noticed by one who dies": Stage(
        {"a stream is evicted amid a batch": 1.0, "killed between two saves": 1.0},
        partitions=(1, 1, 2),
        keep_s=(90, 900),
        max_entries=(8,),
        bounded=(False,),
        paces=(None, *_QUICK),
        often=2,
    ),
    "Redis is minutes behind": Stage(
        {"Redis falls back by minutes": 1.0},
        beside=(0, 0, 1),
        partitions=(1, 2, 2, 3),
        keep_s=(900,),
        segment_bytes=(2_048,),
        max_entries=(8,),
        bounded=(False,),
        margin_s=(15.0,),
        paces=((1.0, 3.0),),
        who_ships=("themselves", "others"),
        most_steps=20_000,
        often=3,
    ),
    "nobody ships for long": Stage(
        {"shippers leave": 1.0},
        beside=(0, 0, 1),
        keep_s=(3, 5),
        segment_bytes=(2_048,),
        bounded=(False,),
        paces=PACES[:1],
        who_ships=("others",),
    ),
    "a batch is taken in part": Stage(
        {"Redis is short of memory": 1.0, "lists fail": 0.2},
        beside=(0, 0, 1),
        segment_bytes=(2_048,),
        paces=(None, *_QUICK),
        often=2,
    ),
    "a journal that cannot be read": Stage(
        {"files fail on": 0.0, "kill": 0.001, "asked to stop": 1.0},
        beside=(0, 0, 1),
        keep_s=(90, 900),
        who_ships=("once", "once", None),
    ),
    "a drain beside a busy engine": Stage(
        {},
        who_ships=("once",),
        batch_events=(3, 16),
        bounded=(False,),
        paces=((0.3, 2.0),),
        hurries=0.8,
        often=2,
    ),
    "a look amid a change": Stage(
        {"meets": 0.25, "dawdles": 0.02},
        segment_bytes=(2_048,),
        bounded=(False,),
        paces=(None, *PACES[:3]),
    ),
    "a handler amid a change": Stage(
        {"signal amid a change": 0.3, "signal": 0.004, "meets": 0.1, "dawdles": 0.05, "makes fail": 0.02},
        beside=(0, 1),
        segment_bytes=(2_048,),
        paces=(None, *PACES[:3]),
    ),
    "a full journal cut off": AT_THE_BOUND._replace(
        kinds={
            "Redis out of reach": 1.0,
            "cursors fail": 0.4,
            "lists fail": 0.1,
            "asked to stop": 1.0,
            "signal": 0.004,
        },
        beside=(0, 0, 1),
        most_steps=20_000,
    ),
    "long and quiet": Stage(
        {},
        keep_s=(90, 900),
        retention_s=(60,),
        paces=((10.0, 30.0, 90.0), (30.0, 90.0, 200.0)),
        who_ships=("themselves", "others"),
        most_steps=60_000,
        often=4,  # streams that are trimmed while nobody ships
    ),
    "power cuts": Stage({"power cut": 1.0}, beside=(0, 1)),
    "Redis does not tell": Stage(
        {"Redis refuses to tell": 0.0, "Redis crashes": 0.3, "connection refused": 0.1, "asked to stop": 0.3},
        beside=(0, 1),
    ),
    "asked to stop while Redis is away": Stage(
        {"Redis out of reach": 1.0, "Redis crashes": 0.5, "connection refused": 0.1, "asked to stop": 1.0},
        beside=(0, 1),
    ),
    "files fail": Stage(
        {
            "disk error": 0.004,
            "lists fail": 0.1,
            "cursors fail": 0.2,
            "makes fail": 0.2,
            "disk full": 0.4,
            "asked to stop": 0.3,
        },
        beside=(0, 1),
        segment_bytes=(2_048,),
    ),
    "damage": Stage(
        {
            "a stretch is lost": 1.0,
            "a header is lost": 0.6,
            "bit flips": 0.6,
            "a cursor's bit flips": 0.6,
            "a cursor of an earlier version": 0.3,
        },
        beside=(0, 1, 3),
        segment_bytes=(2_048, 4_096),
    ),
}
#: Of so many runs the engines fill their journals up to the bound, and so many have another stage.
_BOUND, _STAGED = 0.12, 0.6
#: So likely is each kind of a run at the bound.
_EACH = 0.7
#: Its multiples lie evenly between 0 and 1, however many one takes (Weyl).
_GOLDEN = 0.6180339887498949


def staged(rates: Mapping[str, float], chance: random.Random, seed: int) -> tuple[Stage, dict[str, float]]:
    """What a run is set up for, and its faults. rates: those of a run that is set up for nothing.

    seed: of the run. Seeds that follow each other meet all stages, each about as often as it is to be met.
    """
    share = seed * _GOLDEN % 1.0
    if share < _BOUND:
        return AT_THE_BOUND, {
            kind: rate for kind, rate in AT_THE_BOUND.kinds.items() if chance.random() < _EACH
        }
    if share >= _BOUND + _STAGED:
        return ANY, calmed(rates, chance)
    stage = _stage_at((share - _BOUND) / _STAGED)
    others = sorted(RATES.keys() - EXCUSING - RARE - stage.kinds.keys())
    beside = chance.sample(others, chance.choice(stage.beside))
    return stage, {**{kind: RATES[kind] for kind in beside}, **stage.kinds}


def _stage_at(share: float) -> Stage:
    """The stage at this share, 0 to 1, of all stages side by side, each as wide as it is often."""
    stages = list(STAGES.values())
    ends = list(accumulate(stage.often for stage in stages))
    return stages[bisect_right(ends, share * ends[-1])]
