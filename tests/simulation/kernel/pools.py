"""The stand-in for `ThreadPoolExecutor`: its tasks are the scheduler's."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from tests.simulation.kernel.machines import Task
from tests.simulation.kernel.scheduler import Scheduler
from tests.simulation.kernel.threads import Waiters


class Future:
    """As far as is used: `result`."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._waiters = Waiters(scheduler)
        self._done = False
        self._result: Any = None
        self._error: BaseException | None = None

    def settle(self, result: Any, error: BaseException | None) -> None:
        """What came of it."""
        self._result, self._error, self._done = result, error, True
        self._waiters.wake()

    def done(self) -> bool:
        return self._done

    def result(self, timeout: float | None = None) -> Any:
        self._scheduler.pause("a result")
        while not self._done:
            if not self._waiters.wait("a result", timeout) and timeout is not None:
                raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._result


class Executor:
    """As ThreadPoolExecutor with one thread, which is what the product uses."""

    def __init__(self, scheduler: Scheduler, max_workers: int = 1, thread_name_prefix: str = "pool") -> None:
        assert max_workers == 1
        self._scheduler = scheduler
        self._name = thread_name_prefix
        self._calls: deque[tuple[Future, Callable[..., Any], tuple[Any, ...]]] = deque()
        self._waiters = Waiters(scheduler)
        self._over = False
        self._task: Task | None = None

    def submit(self, call: Callable[..., Any], *arguments: Any) -> Future:
        scheduler = self._scheduler
        scheduler.pause("a pool")
        if self._over:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future = Future(scheduler)
        self._calls.append((future, call, arguments))
        if self._task is None:
            assert scheduler.current is not None
            self._task = scheduler.current.process.start(self._work, self._name)
        self._waiters.wake()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._over = True
        if cancel_futures:
            self._calls.clear()
        self._waiters.wake()
        scheduler, task = self._scheduler, self._task
        if not wait or task is None or scheduler.current is None:
            return
        while not task.done:
            task.waiters.append(scheduler.current)
            scheduler.block("the end of a pool")

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def _work(self) -> None:
        while True:
            while not self._calls:
                if self._over:
                    return
                self._waiters.wait("work", None)
            future, call, arguments = self._calls.popleft()
            try:
                result = call(*arguments)
            except Exception as error:
                future.settle(None, error)
            else:
                future.settle(result, None)
