"""Faults of the shipper."""

from __future__ import annotations

import signal

from tests.chaos.registry import fault, started
from tests.chaos.rig import Rig

#: How long the engine emits that outlives its shipper.
_LOAD_S = 15.0


@fault(soak=True)
def shipper_kill_9(rig: Rig) -> int:
    for _ in range(3):
        for shipper in rig.of("shipper"):
            rig.restart(shipper)
        rig.pause(0.3)
    return 3


@fault(started(shipper={"SIGNALTAPE_FAILPOINTS": "shipper.after_reply=kill@4"}))
def shipper_kill_9_between_reply_and_cursor(rig: Rig) -> int:
    (first, *_) = [child for child in rig.children if child.name == "shipper"]
    assert first.popen.wait(30) == -signal.SIGKILL
    second = rig.start_shipper(env={"SIGNALTAPE_FAILPOINTS": "shipper.after_reply=kill@2"})
    assert second.popen.wait(30) == -signal.SIGKILL
    rig.start_shipper()
    return 2


@fault(soak=True)
def shipper_sigterm(rig: Rig) -> None:
    for shipper in rig.of("shipper"):
        rig.restart(shipper, kill=False)


@fault()
def two_shippers(rig: Rig) -> None:
    rig.start_shipper()


@fault()
def shipper_paused(rig: Rig) -> None:
    (shipper,) = rig.of("shipper")
    shipper.send(signal.SIGSTOP)
    rig.pause(1.5)
    shipper.send(signal.SIGCONT)


def _long_load(rig: Rig) -> None:
    """An engine that goes on for longer than its shipper takes to end."""
    rig.start_shipper()
    rig.start_worker()
    rig.start_engine(rate=rig.events / _LOAD_S)


@fault(_long_load)
def shipper_sigterm_while_redis_is_slow_and_the_engine_emits(rig: Rig) -> None:
    """It ships what stood there when it was told to end, not all that comes meanwhile."""
    rig.redis_proxy.slow(0.01)
    rig.pause(0.5)
    (shipper,) = rig.of("shipper")
    shipper.send(signal.SIGTERM)
    shipper.popen.wait(30)
    assert rig.of("engine"), "the shipper ended only when its engine did"
    rig.redis_proxy.slow(0)
    rig.start_shipper()
