"""One case: load, one fault, recovery, count."""

from __future__ import annotations

import time

from tests.chaos.audit import Audit, Result, audit
from tests.chaos.faults import (  # noqa: F401 - they register
    archiver,
    batches,
    clients,
    engine,
    poison,
    postgres,
    records,
    redis,
    shipper,
    worker,
)
from tests.chaos.registry import Fault
from tests.chaos.rig import SETTLE_S, Rig
from tests.chaos.settling import await_settled, await_tidy


def run_case(fault: Fault, events: int, partitions: int = 1, *, anew: bool = True) -> tuple[Result, Audit]:
    """Run one fault under a load of `events` events. anew: as of a Rig."""
    with Rig(events, seed=fault.name, partitions=partitions, anew=anew) as rig:
        try:
            return _run(rig, fault, events)
        except Exception as error:  # noqa: BLE001 - one case that fails must not end the others
            return _not_carried_out(rig, fault.name, error)


def _run(rig: Rig, fault: Fault, events: int) -> tuple[Result, Audit]:
    fault.setup(rig)
    if not rig.of("archiver"):
        rig.start_archiver()
    rig.await_accepted(events // 3)
    injected = fault.harm(rig)
    return recover(rig, fault.name, 1 if injected is None else injected, time.monotonic())


def _not_carried_out(rig: Rig, name: str, error: Exception) -> tuple[Result, Audit]:
    text = f"could not be carried out: {type(error).__name__}: {error}"
    accepted = rig.accepted_count()
    return Result(name, 0, accepted, 0, 0, 0, 0.0), Audit(accepted, 0, 0, 0, [text], 0)


def recover(
    rig: Rig, name: str, injected: int, healed_at: float, within_s: float = SETTLE_S
) -> tuple[Result, Audit]:
    """Let everything settle by itself, end all processes, count."""
    rig.await_engines()
    wrong: list[str] = []
    try:
        await_settled(rig, within_s)
    except AssertionError:
        wrong.append("it did not recover by itself")
    recovery_s = time.monotonic() - healed_at
    await_tidy(rig)
    wrong += rig.stop_all()
    found = audit(rig)
    found.wrong += wrong
    result = Result(
        name, injected, found.accepted, found.stored, found.lost, found.doubled, round(recovery_s, 1)
    )
    return result, found
