"""Whatever ends by an error that nobody foresaw breaks a promise; what is foreseen does not."""

from __future__ import annotations

import pytest

from tests.simulation.kernel.asynchronous import SimulatedLoop
from tests.simulation.kernel.machines import Process
from tests.simulation.kernel.threads import Event
from tests.simulation.worlds.base import World


class _Ending(World):
    """A program that ends by an error, in its main task or another one."""

    def __init__(self, foreseen: tuple[type[BaseException], ...], task: str) -> None:
        super().__init__(1)
        self._foreseen = foreseen
        self._task = task

    def build(self) -> None:
        self.program(self.machine("host"), "one", self._main, foreseen=self._foreseen)

    def is_settled(self) -> bool:
        return True

    def _main(self, process: Process, stop: Event) -> None:
        def end() -> None:
            raise KeyError("nobody's")

        if self._task == "main":
            end()
        process.start(end, self._task)
        stop.wait()


@pytest.mark.parametrize("task", ["main", "another"])
@pytest.mark.parametrize("foreseen", [(), (OSError,), (LookupError,)])
def test_an_error_that_nobody_foresaw_breaks_a_promise(
    foreseen: tuple[type[BaseException], ...], task: str
) -> None:
    violation = _Ending(foreseen, task).run(100).violation
    if LookupError in foreseen:
        assert violation is None
    else:
        assert violation is not None
        assert violation.invariant == "no error is dropped"
        assert 'KeyError: "nobody\'s"' in violation.text


class _Looping(World):
    """A program with one loop after another."""

    def build(self) -> None:
        self.came: list[int] = []
        self.program(self.machine("host"), "one", self._main)

    def is_settled(self) -> bool:
        return True

    def _main(self, process: Process, stop: Event) -> None:
        for number in range(3):
            self.came.append(SimulatedLoop(self.scheduler, process).run(_itself(number)))
        stop.wait()


async def _itself(number: int) -> int:
    return number


def test_a_loop_that_has_nothing_left_ends_in_peace() -> None:
    world = _Looping(1)
    assert world.run(100).violation is None
    assert world.came == [0, 1, 2]
