"""Faults of the worker."""

from __future__ import annotations

import signal
from contextlib import suppress

import redis

from tests.chaos.registry import Setup, fault, started
from tests.chaos.rig import Rig
from tests.support.waiting import eventually


def _dying_worker(failpoint: str) -> Setup:
    return started(worker={"SIGNALTAPE_FAILPOINTS": failpoint})


def _twice(rig: Rig, point: str) -> int:
    first = next(child for child in rig.children if child.name == "worker")
    assert first.popen.wait(30) == -signal.SIGKILL
    second = rig.start_worker(env={"SIGNALTAPE_FAILPOINTS": f"{point}=kill@2"})
    assert second.popen.wait(30) == -signal.SIGKILL
    rig.start_worker()
    return 2


@fault(_dying_worker("sink.before_copy=kill@2"))
def worker_kill_9_before_copy(rig: Rig) -> int:
    return _twice(rig, "sink.before_copy")


@fault(_dying_worker("sink.after_copy=kill@2"))
def worker_kill_9_after_copy(rig: Rig) -> int:
    return _twice(rig, "sink.after_copy")


@fault(_dying_worker("sink.after_commit=kill@2"))
def worker_kill_9_between_commit_and_ack(rig: Rig) -> int:
    return _twice(rig, "sink.after_commit")


@fault(soak=True)
def worker_kill_9(rig: Rig) -> int:
    for _ in range(3):
        for worker in rig.of("worker"):
            rig.restart(worker)
        rig.pause(0.4)
    return 3


@fault(soak=True)
def worker_sigterm(rig: Rig) -> None:
    for worker in rig.of("worker"):
        rig.restart(worker, kill=False)


@fault(started(workers=2))
def two_workers_one_dies_for_good(rig: Rig) -> None:
    rig.of("worker")[0].kill()  # the other one takes over what it had in hand


@fault(started(workers=4))
def four_workers_two_killed(rig: Rig) -> int:
    for worker in rig.of("worker")[:2]:
        rig.restart(worker)
    return 2


@fault(started(workers=2))
def paused_worker_wakes_after_its_entries_were_claimed(rig: Rig) -> None:
    first, second = rig.of("worker")
    with rig.redis() as client:

        def first_holds_entries() -> bool:
            first.send(signal.SIGSTOP)
            rig.pause(0.02)
            held: dict[bytes, int] = {}
            with suppress(redis.ResponseError):  # perhaps there is no stream yet
                for key in rig.keys:
                    for one in client.xinfo_consumers(key, "worker"):
                        held[one["name"]] = held.get(one["name"], 0) + one["pending"]
            if len(held) > 1 and sum(1 for pending in held.values() if pending) >= 1:
                return True
            first.send(signal.SIGCONT)
            return False

        eventually(first_holds_entries, timeout=30)
    rig.pause(11.5)  # longer than the idle time and the interval at which the other one claims
    first.send(signal.SIGCONT)
    assert second.running
