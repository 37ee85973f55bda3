"""The scheduler's order, time, and what is left of a process that is killed."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.simulated.exploring import Ground
from tests.simulation.kernel.clocks import SimulatedTime
from tests.simulation.kernel.files import Disk
from tests.simulation.kernel.machines import EPOCH_S, NS, Process
from tests.simulation.kernel.paths import path_class
from tests.simulation.kernel.scheduler import Stuck
from tests.simulation.kernel.system import SimulatedFcntl, SimulatedOs


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path / "host", seed=1)


def in_turn(*acts: Callable[[], object]) -> Callable[[], None]:
    """One after the other."""

    def run() -> None:
        for act in acts:
            act()

    return run


def _order_of(seed: int, folder: Path) -> list[int]:
    ground, seen = Ground(folder, seed), list[int]()

    def work(number: int) -> None:
        for _ in range(200):
            ground.pause()
            seen.append(number)

    for number in range(4):
        ground.process.start(partial(work, number), str(number))
    ground.run()
    return seen


def test_the_order_is_a_function_of_the_seed(tmp_path: Path) -> None:
    orders = [_order_of(seed, tmp_path) for seed in range(20)]
    assert orders == [_order_of(seed, tmp_path) for seed in range(20)]
    assert len({tuple(order) for order in orders}) == 20


def test_timers_fire_by_time_and_time_goes_no_further_than_it_must(ground: Ground) -> None:
    seen: list[tuple[float, int]] = []

    def sleep(seconds: float) -> None:
        ground.scheduler.sleep("it", seconds)
        seen.append((seconds, round(ground.scheduler.now_ns / NS, 3) == seconds))

    for seconds in (3.0, 1.0, 2.5, 1.5):
        ground.process.start(partial(sleep, seconds), str(seconds))
    ground.run()
    assert seen == [(1.0, True), (1.5, True), (2.5, True), (3.0, True)]


def test_whoever_is_woken_before_its_time_is_not_woken_again_by_it(ground: Ground) -> None:
    scheduler, seen = ground.scheduler, list[Any]()

    def wait() -> None:
        seen.append(scheduler.block("a call", 1.0))
        seen.append(scheduler.block("nothing", 5.0))
        seen.append(scheduler.now_ns // NS)

    task = ground.process.start(wait)
    ground.process.start(in_turn(partial(scheduler.sleep, "it", 0.5), partial(scheduler.wake, task)), "wakes")
    ground.run()
    assert seen == [True, False, 5]


def test_tasks_that_wait_for_nothing_are_stuck(ground: Ground) -> None:
    ground.process.start(lambda: ground.scheduler.block("nothing"))
    with pytest.raises(Stuck):
        ground.run()


def test_an_error_ends_its_task_alone_and_is_told(ground: Ground) -> None:
    told, seen = list[str](), list[str]()
    ground.scheduler.on_error = lambda task, error: told.append(f"{task.name}: {error}")

    def fail() -> None:
        raise ValueError("no")

    ground.process.start(fail, "fails")
    later = in_turn(partial(ground.scheduler.sleep, "it", 1.0), partial(seen.append, "goes on"))
    ground.process.start(later, "other")
    ground.run()
    assert (told, seen) == (["process/fails: no"], ["goes on"])


def test_a_killed_process_runs_no_more_code(ground: Ground) -> None:
    seen: list[str] = []

    def work(name: str) -> None:
        try:
            while True:
                ground.pause()
                seen.append(name)
        finally:
            ground.pause()
            seen.append("cleaned up")

    victim = Process(ground.machine, "victim")
    for name in ("a", "b"):
        victim.start(partial(work, name), name)

    def kill() -> None:
        ground.scheduler.sleep("it", 0.001)
        victim.kill()
        seen.append("killed")
        ground.scheduler.sleep("it", 1.0)

    ground.process.start(kill)
    ground.run_until(lambda: not ground.process.tasks)
    assert {"a", "b"} <= set(seen)
    assert seen[-1] == "killed"
    ground.scheduler.end()
    assert seen[-1] == "killed"


def test_a_process_that_kills_itself_does_not_come_back(ground: Ground) -> None:
    seen: list[str] = []
    victim = Process(ground.machine, "victim")
    victim.start(in_turn(partial(seen.append, "before"), victim.kill, partial(seen.append, "after")))
    ground.run()
    assert seen == ["before"]


def test_a_killed_process_lets_go_of_its_file_locks_and_descriptors(ground: Ground) -> None:
    disk = Disk(ground.scheduler)
    simulated_os, simulated_fcntl = SimulatedOs(disk), SimulatedFcntl(disk)
    path = str(ground.machine.folder / "lock")
    held: list[Any] = []

    def hold() -> None:
        fd = simulated_os.open(path, os.O_RDWR | os.O_CREAT)
        simulated_fcntl.flock(fd, fcntl.LOCK_EX)
        held.append(fd)
        ground.scheduler.block("its end")

    def try_it() -> None:
        ground.scheduler.wait(lambda: bool(held))
        fd = simulated_os.open(path, os.O_RDWR)
        with pytest.raises(BlockingIOError):
            simulated_fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        victim.kill()
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            os.fstat(held[0])
        simulated_fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held.append("taken")
        simulated_os.close(fd)

    victim = Process(ground.machine, "victim")
    victim.start(hold)
    ground.process.start(try_it)
    ground.run()
    assert held[1:] == ["taken"]


def test_a_descriptor_of_another_process_is_none_of_ones_own(ground: Ground) -> None:
    simulated_os = SimulatedOs(Disk(ground.scheduler))
    other, seen = Process(ground.machine, "other"), list[Any]()

    def close() -> None:
        ground.scheduler.wait(lambda: bool(seen))
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            simulated_os.close(seen[0])
        seen.append("refused")

    path = str(ground.machine.folder / "file")
    other.start(lambda: seen.append(simulated_os.open(path, os.O_CREAT | os.O_RDWR)))
    ground.process.start(close)
    ground.run()
    assert seen[1:] == ["refused"]
    other.kill()


def test_what_was_not_flushed_dies_with_its_process(ground: Ground) -> None:
    path = path_class(Disk(ground.scheduler))(str(ground.machine.folder / "file"))

    def write() -> None:
        file = path.open("ab")
        file.write(b"flushed")
        file.flush()
        file.write(b"not flushed")
        ground.process.kill()

    ground.process.start(write)
    ground.run()
    assert (ground.machine.folder / "file").read_bytes() == b"flushed"


def test_a_flush_may_be_cut_in_two_by_the_end_of_its_process(ground: Ground) -> None:
    disk = Disk(ground.scheduler)
    disk.cut = lambda length: length // 2
    disk.trouble = lambda operation, _path: ground.process.kill() if operation == "write" else None
    path = path_class(disk)(str(ground.machine.folder / "file"))

    def write() -> None:
        with path.open("wb") as file:
            file.write(b"12345678")

    ground.process.start(write)
    ground.run()
    assert (ground.machine.folder / "file").read_bytes() == b"1234"


def test_files_are_of_the_time_of_their_machine(ground: Ground) -> None:
    ground.machine.ahead_ns = 3600 * NS
    path = path_class(Disk(ground.scheduler))(str(ground.machine.folder / "file"))
    clock, seen = SimulatedTime(ground.scheduler), list[float]()

    def write() -> None:
        clock.sleep(10.0)
        path.write_text("text")
        seen.append(path.stat().st_mtime)
        seen.append(clock.time())

    ground.process.start(write)
    ground.run()
    assert [round(one) for one in seen] == [EPOCH_S + 3610] * 2
