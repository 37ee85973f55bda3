"""Faults of the archiver: a second group on the same stream, whose lines must be whole and come once."""

from __future__ import annotations

import signal

from tests.chaos.registry import Setup, fault, usual
from tests.chaos.rig import Rig


def _dying(failpoint: str) -> Setup:
    def setup(rig: Rig) -> None:
        usual(rig)
        rig.start_archiver(env={"SIGNALTAPE_FAILPOINTS": failpoint})

    return setup


def _again(rig: Rig, point: str) -> int:
    first = next(child for child in rig.children if child.name == "archiver")
    assert first.popen.wait(60) == -signal.SIGKILL
    second = rig.start_archiver(env={"SIGNALTAPE_FAILPOINTS": f"{point}=kill@2"})
    assert second.popen.wait(60) == -signal.SIGKILL
    rig.start_archiver()
    return 2


@fault(_dying("archive.before_commit=kill@2"))
def archiver_kill_9_between_append_and_commit(rig: Rig) -> int:
    return _again(rig, "archive.before_commit")


@fault(_dying("archive.after_commit=kill@2"))
def archiver_kill_9_between_commit_and_ack(rig: Rig) -> int:
    return _again(rig, "archive.after_commit")


@fault(soak=True)
def archiver_kill_9(rig: Rig) -> int:
    for _ in range(3):
        for archiver in rig.of("archiver"):
            rig.restart(archiver)
        rig.pause(0.4)
    return 3


@fault(soak=True)
def archiver_sigterm(rig: Rig) -> None:
    for archiver in rig.of("archiver"):
        rig.restart(archiver, kill=False)


@fault()
def archiver_paused(rig: Rig) -> None:
    for archiver in rig.of("archiver"):
        archiver.send(signal.SIGSTOP)
    rig.pause(3)
    for archiver in rig.of("archiver"):
        archiver.send(signal.SIGCONT)
