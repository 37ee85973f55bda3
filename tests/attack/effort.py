"""How many examples are tried: few and always the same in `make test-deep`, many and new ones in `make attack`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, settings

#: `make attack` sets it: so many times the examples, from random seeds.
TIMES = int(os.environ.get("ATTACK_TIMES", "1"))
#: `make test-deep` tries a third: the same each time find what a change breaks, new ones find the rest.
_OF_THEM = 3 if TIMES == 1 else 1
#: Shrinking an example that needs servers takes minutes, and what fails names its trouble anyway.
_WITHOUT_SHRINKING = tuple(phase for phase in Phase if phase is not Phase.shrink)


def tried(examples: int, *, shrink: bool = True) -> Callable[[Any], Any]:
    """Decorate a property: `make attack` tries `ATTACK_TIMES` so many, `make test-deep` a third of them."""
    return settings(
        max_examples=-(-examples * TIMES // _OF_THEM),
        derandomize=TIMES == 1,
        database=None,
        deadline=None,
        print_blob=True,
        phases=tuple(Phase) if shrink else _WITHOUT_SHRINKING,
        suppress_health_check=list(HealthCheck),
    )
