"""Stand-ins for `time` and `datetime.now`: the clocks of the machine that asks."""

from __future__ import annotations

import datetime as real_datetime
import time as real_time
from typing import Any

from tests.simulation.kernel.machines import EPOCH_S, NS, Machine
from tests.simulation.kernel.scheduler import Scheduler


class SimulatedTime:
    """The functions of the module `time` that the product uses."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def _machine(self) -> Machine | None:
        task = self._scheduler.current
        return task.process.machine if task is not None else None

    def time_ns(self) -> int:
        """Wall clock of the machine."""
        self._scheduler.pause("its clock")
        machine = self._machine()
        return machine.wall_ns if machine is not None else EPOCH_S * NS + self._scheduler.now_ns

    def time(self) -> float:
        """Wall clock of the machine, in seconds."""
        return self.time_ns() / NS

    def monotonic_ns(self) -> int:
        """Monotonic clock of the machine."""
        self._scheduler.pause("its clock")
        machine = self._machine()
        return machine.monotonic_ns if machine is not None else self._scheduler.now_ns

    def monotonic(self) -> float:
        """Monotonic clock of the machine, in seconds."""
        return self.monotonic_ns() / NS

    def perf_counter(self) -> float:
        """As the monotonic clock."""
        return self.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._scheduler.sleep("its sleep", seconds)

    def __getattr__(self, name: str) -> Any:
        return getattr(real_time, name)


def simulated_datetime(clock: SimulatedTime) -> type[real_datetime.datetime]:
    """A datetime whose `now` is the machine's; what it gives are ordinary datetimes."""

    class Meta(type):
        def __instancecheck__(cls, other: object) -> bool:
            return isinstance(other, real_datetime.datetime)

    class SimulatedDatetime(real_datetime.datetime, metaclass=Meta):
        def __new__(cls, *arguments: Any, **options: Any) -> Any:
            return real_datetime.datetime(*arguments, **options)

        @classmethod
        def now(cls, tz: real_datetime.tzinfo | None = None) -> Any:
            seconds, rest = divmod(clock.time_ns(), NS)
            return real_datetime.datetime.fromtimestamp(seconds, tz).replace(microsecond=rest // 1000)

        @classmethod
        def fromtimestamp(cls, timestamp: float, tz: real_datetime.tzinfo | None = None) -> Any:
            return real_datetime.datetime.fromtimestamp(timestamp, tz)

    return SimulatedDatetime
