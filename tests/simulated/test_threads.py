"""Locks, conditions, events, queues and pools do what the real ones do, in every order of the tasks that use them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.simulated.exploring import STUCK, Ground, Script, every_order
from tests.simulation.kernel.pools import Executor


def outcomes(script: Script, folder: Path) -> set[Any]:
    """All that may come of a script."""
    return set(every_order(script, folder))


def _counting(lock_of: Callable[[Ground], Any] | None) -> Script:
    def script(ground: Ground) -> Any:
        lock = lock_of(ground) if lock_of is not None else None
        count = [0]

        def add() -> None:
            if lock is not None:
                lock.acquire()
            before = count[0]
            ground.pause()
            count[0] = before + 1
            if lock is not None:
                lock.release()

        return [add, add, add], lambda: count[0]

    return script


def test_without_a_lock_every_loss_is_met(tmp_path: Path) -> None:
    assert outcomes(_counting(None), tmp_path) == {1, 2, 3}


@pytest.mark.parametrize("kind", ["Lock", "RLock"])
def test_a_lock_lets_one_in(kind: str, tmp_path: Path) -> None:
    assert outcomes(_counting(lambda ground: getattr(ground.threading, kind)()), tmp_path) == {3}


def test_two_locks_taken_crosswise_are_stuck_in_some_order(tmp_path: Path) -> None:
    def script(ground: Ground) -> Any:
        one, other = ground.threading.Lock(), ground.threading.Lock()

        def take(first: Any, second: Any) -> None:
            with first, second:
                pass

        return [lambda: take(one, other), lambda: take(other, one)], lambda: "done"

    assert outcomes(script, tmp_path) == {"done", STUCK}


def test_only_an_rlock_may_be_taken_twice(tmp_path: Path) -> None:
    def script_of(kind: str) -> Script:
        def script(ground: Ground) -> Any:
            lock, seen = getattr(ground.threading, kind)(), []

            def take() -> None:
                lock.acquire()
                seen.append(lock.acquire(blocking=False))

            return [take], lambda: seen[0]

        return script

    for kind in ("Lock", "RLock"):
        real = getattr(threading, kind)()
        real.acquire()
        assert outcomes(script_of(kind), tmp_path) == {real.acquire(blocking=False)}


def test_an_rlock_is_free_when_it_was_released_as_often_as_taken(tmp_path: Path) -> None:
    def script(ground: Ground) -> Any:
        lock, seen = ground.threading.RLock(), []

        def hold() -> None:
            with lock:
                with lock:
                    ground.pause()
                seen.append("held")
                ground.pause()
                seen.append("free")

        def look() -> None:
            with lock:
                seen.append("in")

        return [hold, look], lambda: tuple(seen)

    assert outcomes(script, tmp_path) == {("held", "free", "in"), ("in", "held", "free")}


def test_whoever_waits_for_a_lock_gives_up_in_time(tmp_path: Path) -> None:
    def script(ground: Ground) -> Any:
        lock, seen = ground.threading.Lock(), []

        def hold() -> None:
            with lock:
                ground.scheduler.sleep("it", 10.0)

        def try_it() -> None:
            began = ground.scheduler.now_ns
            taken = lock.acquire(timeout=2.0)
            seen.append((taken, (ground.scheduler.now_ns - began) // 1_000_000_000))
            if taken:
                lock.release()

        return [hold, try_it], lambda: seen[0]

    assert outcomes(script, tmp_path) == {(True, 0), (False, 2)}


def test_an_event_wakes_all_who_wait_and_none_waits_after_it(tmp_path: Path) -> None:
    def script(ground: Ground) -> Any:
        event, seen = ground.threading.Event(), []

        def wait() -> None:
            seen.append(event.wait(5.0))

        return [wait, wait, event.set], lambda: (tuple(seen), ground.scheduler.now_ns < 1_000_000_000)

    assert outcomes(script, tmp_path) == {((True, True), True)}


def test_an_event_that_never_comes_is_waited_for_so_long(tmp_path: Path) -> None:
    def script(ground: Ground) -> Any:
        event, seen = ground.threading.Event(), []
        return [lambda: seen.append(event.wait(5.0))], lambda: (seen[0], ground.scheduler.now_ns // 10**9)

    assert outcomes(script, tmp_path) == {(False, 5)}


def test_a_condition_waited_for_with_a_predicate_misses_nothing(tmp_path: Path) -> None:
    def script(ground: Ground) -> Any:
        condition, items, got = ground.threading.Condition(), [], []

        def put() -> None:
            for item in (1, 2):
                with condition:
                    items.append(item)
                    condition.notify()

        def take() -> None:
            with condition:
                condition.wait_for(lambda: items)
                got.append(items.pop(0))

        return [take, take, put], lambda: tuple(sorted(got))

    assert outcomes(script, tmp_path) == {(1, 2)}


def test_a_notice_that_nobody_waits_for_is_lost(tmp_path: Path) -> None:
    def script(ground: Ground) -> Any:
        condition, seen = ground.threading.Condition(), []

        def wait() -> None:
            with condition:
                seen.append(condition.wait(1.0))

        def notify() -> None:
            with condition:
                condition.notify_all()

        return [wait, notify], lambda: seen[0]

    assert outcomes(script, tmp_path) == {True, False}


def test_a_condition_gives_back_its_lock_as_deep_as_it_was_held(tmp_path: Path) -> None:
    def script(ground: Ground) -> Any:
        condition, inside, seen = ground.threading.Condition(), [0], []

        def wait() -> None:
            with condition, condition:
                condition.wait(1.0)
                inside[0] += 1
                ground.pause()
                seen.append(inside[0])
                inside[0] -= 1

        def other() -> None:
            with condition:
                inside[0] += 1
                ground.pause()
                seen.append(inside[0])
                inside[0] -= 1
                condition.notify()

        return [wait, other], lambda: tuple(seen)

    assert outcomes(script, tmp_path) == {(1, 1)}


def test_a_queue_gives_each_thing_once_and_in_order(tmp_path: Path) -> None:
    def script(ground: Ground) -> Any:
        things, first, second = ground.queue(), list[int](), list[int]()

        def put() -> None:
            for number in (1, 2, 3):
                things.put(number)

        def get(into: list[Any], count: int) -> None:
            into.extend(things.get() for _ in range(count))

        return [put, lambda: get(first, 2), lambda: get(second, 1)], lambda: (tuple(first), tuple(second))

    assert outcomes(script, tmp_path) == {((1, 2), (3,)), ((1, 3), (2,)), ((2, 3), (1,))}


def test_an_empty_queue_says_so(tmp_path: Path) -> None:
    def script(ground: Ground) -> Any:
        things, seen = ground.queue(), []

        def get() -> None:
            for ask in (things.get_nowait, lambda: things.get(timeout=1.0), lambda: things.get(block=False)):
                try:
                    seen.append(ask())
                except queue.Empty:
                    seen.append("empty")

        return [get], lambda: (tuple(seen), ground.scheduler.now_ns // 10**9)

    assert outcomes(script, tmp_path) == {(("empty", "empty", "empty"), 1)}


def test_a_thread_that_is_joined_has_ended(tmp_path: Path) -> None:
    def script(ground: Ground) -> Any:
        seen: list[str] = []

        def work() -> None:
            ground.pause()
            seen.append("worked")

        def main() -> None:
            thread = ground.threading.Thread(target=work)
            thread.start()
            thread.join()
            seen.append(f"joined, alive: {thread.is_alive()}")

        return [main], lambda: tuple(seen)

    assert outcomes(script, tmp_path) == {("worked", "joined, alive: False")}


def _using_a_pool(pool: Any) -> list[str]:
    seen: list[str] = []

    def fail() -> None:
        raise ValueError("no")

    with pool:
        futures = [pool.submit(seen.append, "first"), pool.submit(fail), pool.submit(str, 3)]
        try:
            futures[1].result()
        except ValueError as error:
            seen.append(f"raised {error}")
        seen.append(futures[2].result())
    try:
        pool.submit(str, 4)
    except RuntimeError:
        seen.append("shut")
    return seen


def test_a_pool_works_in_order_and_hands_on_errors_as_the_real_one(tmp_path: Path) -> None:
    def script(ground: Ground) -> Any:
        seen: list[str] = []
        return [lambda: seen.extend(_using_a_pool(Executor(ground.scheduler)))], lambda: tuple(seen)

    assert outcomes(script, tmp_path) == {tuple(_using_a_pool(ThreadPoolExecutor(1)))}
