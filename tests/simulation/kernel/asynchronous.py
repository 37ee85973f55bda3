"""A stand-in for the event loop of asyncio: its time is the machine's, its waiting is the scheduler's.

Several loops live side by side in several tasks: the scheduler takes a loop off its thread at each switch, and puts
it back.
"""

from __future__ import annotations

import asyncio
import logging
import warnings
from asyncio import events
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from tests.simulation.kernel.machines import NS, Process, Task
from tests.simulation.kernel.scheduler import Scheduler

T = TypeVar("T")


class _Waiting:
    """In the place of a selector: nothing to select from, only to wait for."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._asleep: Task | None = None
        self._woken = False

    def select(self, timeout: float | None) -> list[Any]:
        """Wait until woken, for so many seconds at most."""
        if self._woken or (timeout is not None and timeout <= 0):
            self._scheduler.pause("its event loop")
        else:
            self._asleep = self._scheduler.current
            self._scheduler.block("its event loop", timeout)
            self._asleep = None
        self._woken = False
        return []

    def wake(self) -> None:
        """End a wait, or the next one."""
        self._woken = True
        if self._asleep is not None and not self._asleep.process.dead:
            self._scheduler.wake(self._asleep)


#: Its inner parts are in no stub.
_Loop: Any = asyncio.BaseEventLoop


class SimulatedLoop(_Loop):  # type: ignore[misc]
    """An event loop of a process. `to_thread` starts a task of that process.

    on_trouble: told of what would be logged as nobody's exception, as long as the process lives.
    """

    def __init__(
        self, scheduler: Scheduler, process: Process, on_trouble: Callable[[str], None] = lambda _text: None
    ) -> None:
        super().__init__()
        self._scheduler = scheduler
        self._process = process
        self._selector = _Waiting(scheduler)
        self._clock_resolution = 1 / NS
        self._on_trouble = on_trouble
        self._all: dict[asyncio.Task[Any], None] = {}
        self.set_exception_handler(SimulatedLoop._troubled)
        self.set_task_factory(SimulatedLoop._new_task)

    def time(self) -> float:
        return self._process.machine.monotonic_ns / NS

    def run_forever(self) -> None:
        """As the real one, without hooks of the thread, which all loops would share."""
        self._check_closed()
        before = events._get_running_loop()
        self._thread_id: int | None = 1
        events._set_running_loop(self)
        try:
            while True:
                self._run_once()
                if self._stopping:
                    break
        finally:
            self._stopping: bool = False
            self._thread_id = None
            events._set_running_loop(before)

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        """Call it in a task of its own."""
        answer: asyncio.Future[T] = self.create_future()

        def settle(act: Callable[[], None]) -> None:
            if not answer.done():
                act()

        def run() -> None:
            try:
                result = func(*args)
            except Exception as error:
                failed = error
                act: Callable[[], None] = lambda: answer.set_exception(failed)  # noqa: E731
            else:
                act = lambda: answer.set_result(result)  # noqa: E731
            if not self.is_closed():
                self.call_soon_threadsafe(settle, act)

        self._process.start(run, "to_thread")
        return answer

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """As asyncio.run: the result of `main`; what it left behind is cancelled."""
        try:
            result: T = self.run_until_complete(main)
            return result
        finally:
            if not self._process.dead and not self._scheduler.over:
                self._end_what_is_left()
                self.close()

    def _end_what_is_left(self) -> None:
        left = list(self._all)
        if not left:  # of nothing, gather makes a future of whatever loop the thread has
            return
        for task in left:
            task.cancel()
        for error in self.run_until_complete(asyncio.gather(*left, return_exceptions=True)):
            if isinstance(error, Exception):
                self.call_exception_handler({"message": "raised when it was cancelled", "exception": error})

    def discard(self) -> None:
        """End what a killed process left unfinished, once nothing runs any more and nobody listens."""
        logging.disable()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for task in self._all:
                    with suppress(RuntimeError, ValueError):  # it cannot wait, for there is no loop
                        task.get_coro().close()
        finally:
            logging.disable(logging.NOTSET)

    def _process_events(self, _events: list[Any]) -> None:
        """Nothing is selected."""

    def _write_to_self(self) -> None:
        self._selector.wake()

    def _new_task(self, coroutine: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:
        task = asyncio.Task(coroutine, loop=self, **options)
        self._all[task] = None
        task.add_done_callback(self._all.pop)
        return task

    def _troubled(self, context: dict[str, Any]) -> None:
        if not self._process.dead and not self._scheduler.over:
            self._on_trouble(f"{context.get('message')}: {context.get('exception')}")

    def __del__(self) -> None:
        """Those of killed processes were never closed."""
