"""The client's end of a connection to a model of a server."""

from __future__ import annotations

from typing import Any

from tests.simulation.kernel.machines import NS, Process
from tests.simulation.kernel.network import Service
from tests.simulation.kernel.scheduler import Scheduler
from tests.simulation.kernel.threads import Waiters


class SimulatedSocket:
    """What redis-py takes for a socket."""

    def __init__(
        self, scheduler: Scheduler, service: Service, process: Process, timeout_s: float | None
    ) -> None:
        self._scheduler = scheduler
        self._service = service
        self._process = process
        self._timeout_s = timeout_s
        self._line = service.open(process)
        self._line.waiter = Waiters(scheduler)
        self._received = bytearray()
        self._closed = False
        process.holds.append(self)

    def drop(self) -> None:
        """Its process has died."""
        self._closed = True
        self._service.close(self._line)

    def settimeout(self, timeout_s: float | None) -> None:
        self._timeout_s = timeout_s

    def gettimeout(self) -> float | None:
        return self._timeout_s

    def setsockopt(self, *_: Any) -> None:
        """Nothing to set."""

    def sendall(self, data: bytes) -> None:
        self._scheduler.pause("send to " + self._service.name)
        if self._closed:
            raise OSError(9, "Bad file descriptor")
        self._service.send(self._line, bytes(data))

    def recv_into(self, buffer: Any) -> int:
        scheduler, line = self._scheduler, self._line
        scheduler.pause("an answer of " + self._service.name)
        end = None if self._timeout_s is None else scheduler.now_ns + int(self._timeout_s * NS)
        while not self._take():
            if self._closed:
                raise OSError(9, "Bad file descriptor")
            if line.reset:
                if self._service.scheduler.chance.random() < 0.5:
                    return 0
                raise ConnectionResetError(104, "Connection reset by peer")
            if self._timeout_s == 0:
                raise BlockingIOError(11, "Resource temporarily unavailable")
            if end is not None and scheduler.now_ns >= end:
                raise TimeoutError("timed out")
            waits = [] if end is None else [(end - scheduler.now_ns) / NS]
            if line.answers:
                waits.append((line.answers[0][0] - scheduler.now_ns) / NS)
            assert line.waiter is not None
            line.waiter.wait("an answer of " + self._service.name, max(min(waits), 0.0) if waits else None)
        count = min(len(buffer), len(self._received))
        buffer[:count] = self._received[:count]
        del self._received[:count]
        return count

    def shutdown(self, _how: int) -> None:
        self.close()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._service.close(self._line)
            if self in self._process.holds:
                self._process.holds.remove(self)

    @property
    def is_readable(self) -> bool:
        """Whether a read would not wait."""
        return bool(self._received) or self._line.reset or self._take()

    @property
    def is_broken(self) -> bool:
        """Whether a read would tell that it has ended."""
        return self._line.reset and not self._received

    def _take(self) -> bool:
        answers, now = self._line.answers, self._scheduler.now_ns
        while answers and answers[0][0] <= now:
            self._received += answers.popleft()[1]
        return bool(self._received)
