"""One case: load, one fault, recovery, count. And the soak: a seeded random sequence of faults."""

from __future__ import annotations

import random
import time

from tests.chaos import faults as _faults  # noqa: F401 - for its modules
from tests.chaos.audit import Audit, Result, audit
from tests.chaos.faults import archiver, engine, poison, postgres, redis, shipper, worker  # noqa: F401 - they register
from tests.chaos.registry import FAULTS, Fault, usual
from tests.chaos.rig import RATE, SETTLE_S, Rig

#: After a flush everything of the last 15 minutes is sent again, and the worker goes through all of it.
SOAK_SETTLE_S = 400.0


def run_case(fault: Fault, events: int) -> tuple[Result, Audit]:
    """Run one fault under a load of `events` events."""
    with Rig(events, seed=fault.name) as rig:
        fault.setup(rig)
        if not rig.of("archiver"):
            rig.start_archiver()
        rig.await_accepted(events // 3)
        try:
            injected = fault.harm(rig)
        except Exception as error:  # noqa: BLE001 - one case that fails must not end the others
            return _not_carried_out(rig, fault.name, error)
        healed_at = time.monotonic()
        return _recover(rig, fault.name, 1 if injected is None else injected, healed_at)


def _not_carried_out(rig: Rig, name: str, error: Exception) -> tuple[Result, Audit]:
    text = f"could not be carried out: {type(error).__name__}: {error}"
    accepted = rig.accepted_count()
    return Result(name, 0, accepted, 0, 0, 0, 0.0), Audit(accepted, 0, 0, 0, [text], 0)


def run_soak(seconds: float, seed: int) -> tuple[Result, Audit]:
    """Faults in a random order, drawn from a seed, while load runs all the time."""
    chance = random.Random(seed)
    harms = [fault for fault in FAULTS.values() if fault.soak]
    injected = 0
    with Rig(int(seconds * RATE / 4), seed=f"soak-{seed}") as rig:
        usual(rig)
        rig.start_archiver()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            rig.pause(chance.uniform(0.5, 4.0))
            _keep_running(rig)
            count = chance.choice(harms).harm(rig)
            injected += 1 if count is None else count
        healed_at = time.monotonic()
        _keep_running(rig)
        name = f"soak-{seconds:.0f}s-seed-{seed}"
        return _recover(rig, name, injected, healed_at, within_s=SOAK_SETTLE_S)


def _keep_running(rig: Rig) -> None:
    """What a process manager does."""
    if not rig.of("shipper"):
        rig.start_shipper()
    if not rig.of("worker"):
        rig.start_worker()
    if not rig.of("archiver"):
        rig.start_archiver()


def _recover(
    rig: Rig, name: str, injected: int, healed_at: float, within_s: float = SETTLE_S
) -> tuple[Result, Audit]:
    rig.await_engines()
    wrong: list[str] = []
    try:
        rig.await_settled(within_s)
    except AssertionError:
        wrong.append("it did not recover by itself")
    recovery_s = time.monotonic() - healed_at
    rig.await_tidy()
    wrong += rig.stop_all()
    found = audit(rig)
    found.wrong += wrong
    result = Result(
        name, injected, found.accepted, found.stored, found.lost, found.doubled, round(recovery_s, 1)
    )
    return result, found
