"""The network between the real client and the model of a server: bytes that arrive late, in part, or never.

A connection is as TCP makes it: what arrives arrives whole and in order, up to where it broke. It may break unseen by
one side (half-open). The server runs one command at a time, of whatever connection has one.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import hiredis

from tests.simulation.kernel.faults import Faults
from tests.simulation.kernel.machines import NS, Process
from tests.simulation.kernel.scheduler import Scheduler
from tests.simulation.kernel.story import Story
from tests.simulation.kernel.threads import Waiters

#: The usual way of a packet, in seconds: from and to.
_LATENCY_S = (0.00002, 0.0008)


class Server(Protocol):
    """A model that answers commands: see `tests.simulation.redis`."""

    def connect(self) -> Any: ...
    def disconnect(self, client: Any) -> None: ...
    def execute(self, client: Any, argv: Sequence[bytes]) -> bytes | None: ...
    def served(self) -> list[tuple[Any, bytes]]: ...
    def next_deadline_ms(self) -> int | None: ...


class Line:
    """One connection, seen from both sides."""

    def __init__(self, machine: str, client: Any) -> None:
        self.machine = machine
        self.client = client
        self.reader = hiredis.Reader()
        #: commands that arrived or will: (when, arguments)
        self.requests: deque[tuple[int, Sequence[bytes]]] = deque()
        #: answers on their way: (when, bytes)
        self.answers: deque[tuple[int, bytes]] = deque()
        #: the client has closed it, or is gone; the server knows of it once all requests are done
        self.closed = False
        #: broken for the client: it gets an error
        self.reset = False
        #: nothing passes any more, and neither side knows
        self.silent = False
        #: blocked in the server: no further command of it runs
        self.blocked = False
        self.waiter: Waiters | None = None


class Service:
    """A server behind the network, run by a process of its own.

    model: answers; alive: while it is False connections are refused.
    """

    def __init__(self, scheduler: Scheduler, model: Server, faults: Faults, story: Story, name: str) -> None:
        self.scheduler = scheduler
        self.model = model
        self.name = name
        self.alive = True
        self.lines: list[Line] = []
        #: machines that cannot reach it now
        self.unreachable: set[str] = set()
        #: told of each command that is about to be carried out
        self.before_command: Callable[[Sequence[bytes]], None] = lambda _argv: None
        #: told of each command that was carried out, before its answer goes
        self.on_command: Callable[[Line, Sequence[bytes], bytes | None], None] | None = None
        self.wall_ms: Callable[[], int] = lambda: 0
        #: over which data a connection breaks before they arrive
        self.breaks_over: Callable[[bytes], bool] = lambda _data: False
        self._faults = faults
        self._story = story
        self._chance = random.Random(f"network {scheduler.seed}")
        self._arrivals = Waiters(scheduler)
        self._by_client: dict[int, Line] = {}

    def run(self) -> None:
        """The life of the server's process: command after command."""
        while True:
            line = self._next_line()
            if line is None:
                self._arrivals.wait("commands", self._idle_s())
                self._serve_blocked()
                continue
            self._execute(line)
            self._serve_blocked()
            self.scheduler.pause("the next command")

    def open(self, process: Process) -> Line:
        """A new connection. Raises OSError."""
        machine = process.machine.name
        if machine in self.unreachable:
            self.scheduler.sleep("a connection", 3.0)
            raise TimeoutError("timed out")
        self.scheduler.sleep("a connection", self.latency_s())
        if not self.alive or self._faults.strikes("connection refused", f"{process.name} to {self.name}"):
            raise ConnectionRefusedError(111, "Connection refused")
        line = Line(machine, self.model.connect())
        self.lines.append(line)
        self._by_client[id(line.client)] = line
        return line

    def send(self, line: Line, data: bytes) -> None:
        """The client sends. Raises OSError if it knows that the connection is broken."""
        if line.reset:
            raise BrokenPipeError(32, "Broken pipe")
        if line.silent or line.machine in self.unreachable:
            line.silent = True
            return
        if self.breaks_over(data):
            self._lose(line)
            return
        if self._faults.strikes("request lost", f"on its way to {self.name}"):
            data = data[: self._chance.randrange(len(data) + 1)]  # what stands before the break arrives
            self._arrive(line, data)
            self._lose(line)
            return
        self._arrive(line, data)

    def close(self, line: Line) -> None:
        """The client closed it, or died. The server first does what it was sent."""
        line.closed = True
        if self._faults.strikes("end unseen", f"{self.name} does not see that a client is gone"):
            line.silent = True
        self._arrivals.wake()

    def wake(self) -> None:
        """Something changed in the server that nobody sent: somebody may wait for it."""
        self._arrivals.wake()

    def drop_all(self) -> None:
        """The server's process is gone: every connection breaks."""
        for line in self.lines:
            line.reset = True
            line.requests.clear()
            self._wake(line)
        self.lines.clear()
        self._by_client.clear()

    def latency_s(self) -> float:
        """How long a packet takes."""
        low, high = _LATENCY_S
        if self._faults.strikes("slow packet"):
            return self._faults.chance("slow packet").choice((0.05, 0.5, 2.0, 6.0))
        return low + self._chance.random() * (high - low)

    def _arrive(self, line: Line, data: bytes) -> None:
        line.reader.feed(data)
        at = self.scheduler.now_ns + int(self.latency_s() * NS)
        if line.requests:
            at = max(at, line.requests[-1][0])
        while (argv := line.reader.gets()) is not False:
            line.requests.append((at, argv))
        self._arrivals.wake()

    def _lose(self, line: Line) -> None:
        """It breaks: the client gets an error, or waits for ever."""
        if self._chance.random() < 0.5:
            line.silent = True
        else:
            line.reset = True
        line.closed = True

    def _next_line(self) -> Line | None:
        now = self.scheduler.now_ns
        ready = []
        for line in list(self.lines):
            if line.blocked:
                if line.closed and not line.silent:
                    self._forget(line)
                continue
            if line.requests:
                if line.requests[0][0] <= now:
                    ready.append(line)
            elif line.closed and not line.silent:
                self._forget(line)
        return self._chance.choice(ready) if ready else None

    def _forget(self, line: Line) -> None:
        self.model.disconnect(line.client)
        self.lines.remove(line)
        self._by_client.pop(id(line.client), None)

    def _idle_s(self) -> float | None:
        now = self.scheduler.now_ns
        waits = [
            (line.requests[0][0] - now) / NS for line in self.lines if line.requests and not line.blocked
        ]
        deadline = self.model.next_deadline_ms()
        if deadline is not None:
            waits.append(max((deadline - self.wall_ms()) / 1000, 0.0) + 0.0001)
        return max(min(waits), 0.0) if waits else None

    def _execute(self, line: Line) -> None:
        _, argv = line.requests.popleft()
        self.before_command(argv)
        answer = self.model.execute(line.client, argv)
        if self.on_command is not None:
            self.on_command(line, argv, answer)
        if answer is None:
            line.blocked = True
        else:
            self._answer(line, answer)

    def _serve_blocked(self) -> None:
        for client, answer in self.model.served():
            line = self._by_client.get(id(client))
            if line is not None:
                line.blocked = False
                self._answer(line, answer)

    def _answer(self, line: Line, answer: bytes) -> None:
        if line.silent or line.reset or line.closed:
            return
        if line.machine in self.unreachable:
            line.silent = True
            return
        if self._faults.strikes("answer lost", f"of {self.name}"):
            self._lose(line)
            self._wake(line)
            return
        at = self.scheduler.now_ns + int(self.latency_s() * NS)
        if line.answers:
            at = max(at, line.answers[-1][0])
        line.answers.append((at, answer))
        self._wake(line)

    def _wake(self, line: Line) -> None:
        if line.waiter is not None:
            line.waiter.wake()
