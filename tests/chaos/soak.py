"""The soak: a seeded random sequence of faults, two at a time, while load runs all the time."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from tests.chaos.audit import Audit, Result
from tests.chaos.case import recover
from tests.chaos.registry import FAULTS, Fault, usual
from tests.chaos.rig import RATE, Rig

#: After a flush everything of the last 15 minutes is sent again, and the worker goes through all of it.
SETTLE_S = 400.0
#: Events per second, as long as it lasts.
_RATE = RATE / 4
#: The second fault of a pair begins this long behind the first, at most.
_APART_S = 0.5
#: Twice as large as all that the engine says in ten minutes: what the journal keeps is not what this looks at.
_JOURNAL = {"SIGNALTAPE_JOURNAL_MAX_BYTES": str(1 << 30)}


class Step(NamedTuple):
    """What is drawn for one turn: a pause, then one fault, and another a little later."""

    pause_s: float
    first: Fault
    second: Fault
    apart_s: float


def draw(chance: random.Random) -> Step:
    """The next turn. Any two faults may meet: the rig lets those take turns that need the same server or process."""
    pause_s = chance.uniform(0.3, 3.0)
    first, second = chance.sample([fault for fault in FAULTS.values() if fault.soak], 2)
    return Step(pause_s, first, second, chance.uniform(0.0, _APART_S))


def run_soak(
    seconds: float, seed: int, partitions: int = 1, tell: Callable[[str], None] = print
) -> tuple[Result, Audit]:
    """Two faults at once, again and again. The same seed draws the same sequence; `tell` gets it line by line."""
    chance = random.Random(seed)
    injected = 0
    wrong: list[str] = []
    name = f"soak-{seconds:.0f}s-seed-{seed}"
    with Rig(int(seconds * _RATE), seed=f"soak-{seed}", partitions=partitions) as rig:
        rig.environment, rig.rate = _JOURNAL, _RATE
        usual(rig)
        rig.start_archiver()
        began = time.monotonic()
        while (passed_s := time.monotonic() - began) < seconds:
            step = draw(chance)
            tell(
                f"{name} {passed_s:6.1f} s: pause {step.pause_s:.2f} s, {step.first.name}, "
                f"after {step.apart_s:.2f} s {step.second.name}"
            )
            rig.pause(step.pause_s)
            _keep_running(rig)
            injected += _harm_twice(rig, step, wrong)
        healed_at = time.monotonic()
        _keep_running(rig)
        result, found = recover(rig, name, injected, healed_at, within_s=SETTLE_S)
    found.wrong += wrong
    return result, found


def _harm_twice(rig: Rig, step: Step, wrong: list[str]) -> int:
    """Both faults, overlapping. Returns how often they were injected; what cannot be carried out is wrong."""
    injected: list[int] = []

    def harm(fault: Fault, after_s: float) -> None:
        rig.pause(after_s)
        try:
            count = fault.harm(rig)
        except Exception as error:  # noqa: BLE001 - the soak goes on, and names it at the end
            wrong.append(f"{fault.name} could not be carried out: {type(error).__name__}: {error}")
            return
        injected.append(1 if count is None else count)

    both = [
        threading.Thread(target=harm, args=(fault, after_s), name=fault.name)
        for fault, after_s in ((step.first, 0.0), (step.second, step.apart_s))
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    return sum(injected)


def _keep_running(rig: Rig) -> None:
    """What a process manager does."""
    if not rig.of("shipper"):
        rig.start_shipper()
    if not rig.of("worker"):
        rig.start_worker()
    if not rig.of("archiver"):
        rig.start_archiver()
