"""Stand-ins for `threading` and `queue.SimpleQueue`: their waiting is the scheduler's."""

from __future__ import annotations

import queue
import threading as real_threading
from collections import deque
from collections.abc import Callable
from typing import Any

from tests.simulation.kernel.machines import NS, Task
from tests.simulation.kernel.scheduler import Scheduler


class Waiters:
    """Tasks that wait for something."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._tasks: deque[Task] = deque()

    def wait(self, where: str, timeout_s: float | None) -> bool:
        """Wait to be woken. False if the time was over before."""
        task = self._scheduler.current
        assert task is not None
        self._tasks.append(task)
        try:
            return self._scheduler.block(where, timeout_s)
        finally:
            if task in self._tasks:
                self._tasks.remove(task)

    def wake(self, most: int | None = None) -> None:
        """Wake the first ones, or all."""
        while self._tasks and (most is None or most > 0):
            task = self._tasks.popleft()
            if task.process.dead:
                continue
            self._scheduler.wake(task)
            most = most if most is None else most - 1


class Lock:
    """As threading.Lock."""

    _reentrant = False

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._waiters = Waiters(scheduler)
        self._owner: Task | None = None
        self._depth = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        scheduler = self._scheduler
        scheduler.pause("a lock")
        me = scheduler.current
        if me is None:
            return True
        end = None if timeout < 0 else scheduler.now_ns + int(timeout * NS)
        while self._owner is not None and not (self._reentrant and self._owner is me):
            if not blocking or (end is not None and scheduler.now_ns >= end):
                return False
            self._waiters.wait("a lock", None if end is None else (end - scheduler.now_ns) / NS)
        self._owner = me
        self._depth += 1
        return True

    def release(self) -> None:
        if self._scheduler.current is None:
            return
        self._depth -= 1
        if self._depth <= 0:
            self._owner, self._depth = None, 0
            self._waiters.wake(1)

    def locked(self) -> bool:
        return self._owner is not None

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class RLock(Lock):
    """As threading.RLock."""

    _reentrant = True


class Event:
    """As threading.Event."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._waiters = Waiters(scheduler)
        self._set = False

    def is_set(self) -> bool:
        self._scheduler.pause("an event")
        return self._set

    def set(self) -> None:
        self._set = True
        self._waiters.wake()
        self._scheduler.pause("an event")

    def clear(self) -> None:
        self._set = False

    def wait(self, timeout: float | None = None) -> bool:
        scheduler = self._scheduler
        scheduler.pause("an event")
        end = None if timeout is None else scheduler.now_ns + int(timeout * NS)
        while not self._set:
            if end is not None and scheduler.now_ns >= end:
                return False
            self._waiters.wait("an event", None if end is None else (end - scheduler.now_ns) / NS)
        return True


class Condition:
    """As threading.Condition over a lock of its own."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._lock = RLock(scheduler)
        self._waiters = Waiters(scheduler)

    def __enter__(self) -> bool:
        return self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def wait(self, timeout: float | None = None) -> bool:
        task = self._scheduler.current
        assert task is not None
        depth, self._lock._depth = self._lock._depth, 1
        self._lock.release()
        try:
            return self._waiters.wait("a condition", timeout)
        finally:
            if not self._scheduler.over and not task.process.dead:
                self._lock.acquire()
                self._lock._depth = depth

    def wait_for(self, predicate: Callable[[], Any], timeout: float | None = None) -> Any:
        end = None if timeout is None else self._scheduler.now_ns + int(timeout * NS)
        while not (result := predicate()):
            if end is not None and self._scheduler.now_ns >= end:
                break
            self.wait(None if end is None else (end - self._scheduler.now_ns) / NS)
        return result

    def notify(self, n: int = 1) -> None:
        self._waiters.wake(n)

    def notify_all(self) -> None:
        self._waiters.wake()


class Thread:
    """As threading.Thread: a task of the process that starts it."""

    def __init__(
        self,
        scheduler: Scheduler,
        group: None = None,
        target: Callable[..., Any] | None = None,
        name: str | None = None,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        *,
        daemon: bool | None = None,
    ) -> None:
        self._scheduler = scheduler
        self._target, self._args, self._kwargs = target, args, kwargs or {}
        self.name = name or "thread"
        self.daemon = daemon
        self._task: Task | None = None

    def start(self) -> None:
        scheduler = self._scheduler
        scheduler.pause("the start of a thread")
        assert scheduler.current is not None
        self._task = scheduler.current.process.start(self._run, self.name)

    def _run(self) -> None:
        if self._target is not None:
            self._target(*self._args, **self._kwargs)

    def join(self, timeout: float | None = None) -> None:
        scheduler, task = self._scheduler, self._task
        scheduler.pause("the end of a thread")
        if task is None or scheduler.current is None:
            return
        end = None if timeout is None else scheduler.now_ns + int(timeout * NS)
        while not task.done:
            if end is not None and scheduler.now_ns >= end:
                return
            task.waiters.append(scheduler.current)
            scheduler.block("the end of a thread", None if end is None else (end - scheduler.now_ns) / NS)

    def is_alive(self) -> bool:
        return self._task is not None and not self._task.done


class SimpleQueue:
    """As queue.SimpleQueue."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._items: deque[Any] = deque()
        self._waiters = Waiters(scheduler)

    def put(self, item: Any) -> None:
        self._items.append(item)
        self._waiters.wake(1)
        self._scheduler.pause("a queue")

    def get_nowait(self) -> Any:
        self._scheduler.pause("a queue")
        if not self._items:
            raise queue.Empty
        return self._items.popleft()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        scheduler = self._scheduler
        if not block:
            return self.get_nowait()
        scheduler.pause("a queue")
        end = None if timeout is None else scheduler.now_ns + int(timeout * NS)
        while not self._items:
            if end is not None and scheduler.now_ns >= end:
                raise queue.Empty
            self._waiters.wait("a queue", None if end is None else (end - scheduler.now_ns) / NS)
        return self._items.popleft()

    def empty(self) -> bool:
        return not self._items


class SimulatedThreading:
    """The module `threading`, as far as the product uses it."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def Lock(self) -> Lock:
        return Lock(self._scheduler)

    def RLock(self) -> RLock:
        return RLock(self._scheduler)

    def Event(self) -> Event:
        return Event(self._scheduler)

    def Condition(self) -> Condition:
        return Condition(self._scheduler)

    def Thread(self, *arguments: Any, **options: Any) -> Thread:
        return Thread(self._scheduler, *arguments, **options)

    def get_ident(self) -> int:
        task = self._scheduler.current
        return 0 if task is None else id(task)

    def __getattr__(self, name: str) -> Any:
        return getattr(real_threading, name)
