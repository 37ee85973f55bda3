"""The network of a simulation: answers, servers that learn late, and faults that strike where they may."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.simulated.exploring import Ground
from tests.simulation.kernel.faults import Faults
from tests.simulation.kernel.machines import Process
from tests.simulation.kernel.network import Service
from tests.simulation.kernel.sockets import SimulatedSocket
from tests.simulation.kernel.story import Story


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path / "host", seed=1)


class _Echo:
    """A server that says back what it is told."""

    def __init__(self) -> None:
        self.gone: list[Any] = []

    def connect(self) -> Any:
        return object()

    def disconnect(self, client: Any) -> None:
        self.gone.append(client)

    def execute(self, _client: Any, argv: Sequence[bytes]) -> bytes | None:
        return b"$%d\r\n%s\r\n" % (len(argv[0]), argv[0])

    def served(self) -> list[tuple[Any, bytes]]:
        return []

    def next_deadline_ms(self) -> int | None:
        return None


def _service(ground: Ground) -> tuple[Service, _Echo]:
    story = Story(ground.scheduler)
    echo = _Echo()
    service = Service(ground.scheduler, echo, Faults(1, {}, story), story, "Echo")
    Process(ground.machine, "server").start(service.run)
    return service, echo


def _receive(socket: SimulatedSocket) -> bytes:
    buffer = bytearray(100)
    return bytes(buffer[: socket.recv_into(memoryview(buffer))])


def test_an_answer_comes_back(ground: Ground) -> None:
    service, _ = _service(ground)
    seen: list[bytes] = []

    def ask() -> None:
        socket = SimulatedSocket(ground.scheduler, service, ground.process, 5.0)
        socket.sendall(b"*1\r\n$5\r\nhello\r\n")
        seen.append(_receive(socket))
        service.drop_all()
        with pytest.raises(OSError, match="Broken pipe"):
            socket.sendall(b"*1\r\n$5\r\nhello\r\n")

    task = ground.process.start(ask)
    ground.run_until(lambda: task.done)
    ground.scheduler.end()
    assert seen == [b"$5\r\nhello\r\n"]


def test_a_server_learns_of_a_client_that_died_after_it_has_done_what_it_was_sent(ground: Ground) -> None:
    service, echo = _service(ground)
    done: list[bytes] = []
    service.on_command = lambda _line, argv, _answer: done.append(argv[0])
    victim = Process(ground.machine, "victim")

    def ask_and_die() -> None:
        socket = SimulatedSocket(ground.scheduler, service, victim, 5.0)
        socket.sendall(b"*1\r\n$5\r\nhello\r\n")
        victim.kill()

    victim.start(ask_and_die)
    ground.process.start(lambda: ground.scheduler.wait(lambda: bool(echo.gone), 10.0))
    ground.run_until(lambda: not ground.process.tasks)
    ground.scheduler.end()
    assert (done, len(echo.gone), service.lines) == ([b"hello"], 1, [])


def test_a_fault_that_is_left_out_changes_nothing_before_it(ground: Ground) -> None:
    def happened(left_out: Sequence[int]) -> list[bool]:
        faults = Faults(7, {"it": 0.2, "other": 0.1}, Story(ground.scheduler), left_out)
        faults.active = True
        return [faults.strikes(kind) for _ in range(100) for kind in ("it", "other", "unknown")]

    all_of_them = happened([])
    without = happened([3])
    fourth = [place for place, one in enumerate(all_of_them) if one][3]
    assert [place for place in range(300) if all_of_them[place] != without[place]] == [fourth]


def test_faults_strike_only_while_they_may(ground: Ground) -> None:
    faults = Faults(7, {"it": 1.0}, Story(ground.scheduler))
    assert not faults.strikes("it")
    faults.active = True
    assert faults.strikes("it")
    assert not faults.strikes("other")
