"""What all worlds share: machines, programs that are started again, faults at every touch point, and a verdict."""

from __future__ import annotations

import errno
import gc
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.simulation.kernel.faults import Faults
from tests.simulation.kernel.files import Disk
from tests.simulation.kernel.machines import NS, Machine, Process, Task
from tests.simulation.kernel.scheduler import Scheduler, Stuck
from tests.simulation.kernel.story import Story
from tests.simulation.kernel.substitution import Simulated, simulated
from tests.simulation.kernel.threads import Event
from tests.simulation.worlds.programs import Program, Supervisor
from tests.simulation.worlds.verdict import Report, Violation, hash_of

#: Where the disks of all machines lie: in memory, if there is such a place.
DISKS: str | None = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class World:
    """One run: a seed, some steps with faults, some without until all is settled, an orderly end.

    Worlds override `build`, `check` (what must hold at any time), `is_settled` and `verify` (what holds at the end).
    left_out: numbers of faults that are not to happen.
    """

    name = "world"
    #: how likely each kind of fault strikes at a point where it may; each run takes some of them
    RATES: Mapping[str, float] = {}
    #: so many steps without a fault must be enough to bring everything to its end
    SETTLING_STEPS = 400_000
    #: kinds that excuse nothing
    MILD: Collection[str] = ()

    def __init__(self, seed: int, *, left_out: Collection[int] = ()) -> None:
        self.seed = seed
        self.scheduler = Scheduler(seed)
        self.chance = self.scheduler.chance
        self.story = Story(self.scheduler)
        self.faults = Faults(seed, self._choose_rates(), self.story, left_out)
        self.faults.on_fault = self._on_fault
        self.disk = Disk(self.scheduler)
        self.simulated = Simulated(self.scheduler, self.disk)
        self.folder = Path(tempfile.mkdtemp(prefix="signaltape-simulation-", dir=DISKS))
        self.machines: dict[str, Machine] = {}
        self.supervisor = Supervisor(self)
        self.violation: Violation | None = None
        #: when something last happened that excuses what would be wrong else
        self.disturbed_ns = -1
        self.finishing = False
        self._looks = self._settling = self.stalled_until_ns = 0
        self._stood: list[str] = []
        self._until_kill = self._draw_kill()
        self._handler = _ToStory(self)
        self.scheduler.at_pause = self._at_pause
        self.scheduler.between = self._between
        self.scheduler.on_error = lambda task, error: self.ended_by(task.process, task.name, error)
        self.disk.trouble = self._trouble
        self.disk.cut = self._cut

    def build(self) -> None:
        """Make machines and start programs."""
        raise NotImplementedError

    def check(self) -> None:
        """What must hold at any time; called between tasks, every few hundred steps. Calls `fail` if it does not."""

    def is_settled(self) -> bool:
        """Whether, without any fault, nothing is left to do."""
        raise NotImplementedError

    def heal(self) -> None:
        """End all troubles that last."""

    def settle(self) -> None:
        """What is done once all faults have ended."""

    def verify(self) -> None:
        """What must hold once all programs have ended."""

    def at_signal(self, process: Process) -> None:
        """What the handler of a signal does, in the middle of whatever a process is at."""

    def run(self, steps: int) -> Report:
        """The whole run. steps: of these, with faults."""
        logger = logging.getLogger()
        level = logger.level
        logger.addHandler(self._handler)
        logger.setLevel(logging.INFO)
        was_enabled = gc.isenabled()
        gc.disable()  # finalizers must not run at a moment that no seed decides
        try:
            with simulated(self.simulated):
                try:
                    self._run(steps)
                except Stuck:
                    self.fail("liveness", "nothing can run any more: " + self._whereabouts())
                finally:
                    self._stood = self._places()
                    self.scheduler.end()
        finally:
            logger.removeHandler(self._handler)
            logger.setLevel(level)
            self.cleanup()
            if was_enabled:
                gc.enable()
                gc.collect()
            shutil.rmtree(self.folder, ignore_errors=True)
        lines = [str(line).replace(str(self.folder), "") for line in self.story.lines]
        return Report(
            self.name,
            self.seed,
            self.scheduler.steps,
            self.violation,
            self.faults.happened,
            lines,
            self._fingerprint(lines),
            self._stood,
        )

    def cleanup(self) -> None:
        """Let go of what the product keeps in its modules."""

    def fail(self, invariant: str, text: str) -> None:
        """A promise did not hold. The first one counts."""
        if self.violation is None:
            self.violation = Violation(invariant, self.scheduler.steps, text)
            self.story.tell("VIOLATION", f"{invariant}: {text}")

    def ended_by(self, process: Process, name: str, error: BaseException) -> None:
        """A process, or a task of it, ended by an error that nobody caught."""
        self.story.tell(name, f"ends by {type(error).__name__}: {error}")
        self.disturb()
        if not isinstance(error, process.foreseen):
            self.fail("no error is dropped", f"{name} ended by {type(error).__name__}: {error}")

    def disturb(self) -> None:
        """Something happened that excuses a second delivery, a false start, a late end."""
        self.disturbed_ns = self.scheduler.now_ns

    def machine(self, name: str) -> Machine:
        """The machine of a name."""
        if name not in self.machines:
            self.machines[name] = Machine(self.scheduler, name, self.folder / name)
        return self.machines[name]

    def program(
        self, machine: Machine, name: str, main: Callable[[Process, Event], Any], **options: Any
    ) -> Program:
        """A program that runs until the end of the world."""
        return self.supervisor.add(Program(machine, name, main, **options))

    def path(self, machine: Machine, *parts: str) -> Any:
        """A path on a machine, as the product sees it."""
        return self.simulated.path(str(machine.folder.joinpath(*parts)))

    def _run(self, steps: int) -> None:
        self.build()
        scheduler = self.scheduler
        self.faults.active = True
        scheduler.run(lambda: self.violation is not None, steps)
        if self.violation is not None:
            return
        self.faults.active = False
        self.heal()
        self.disturb()
        self.story.tell("world", "faults end")
        self.settle()
        if not scheduler.run(
            lambda: self.violation is not None or self._looks_settled(), self.SETTLING_STEPS
        ):
            self.fail(
                "liveness",
                f"not settled {self.SETTLING_STEPS} steps after the last fault: " + self._whereabouts(),
            )
        if self._is_over():
            return
        self.story.tell("world", "all is settled; every program is asked to stop")
        self.finishing = True
        self.supervisor.stop_all()
        if not scheduler.run(
            lambda: self.violation is not None or not self.supervisor.running(), self.SETTLING_STEPS
        ):
            self.fail("liveness", "asked to stop, still running: " + self._whereabouts())
        if self.violation is None:
            self.check()
        if self.violation is None:
            self.verify()

    def _is_over(self) -> bool:
        return self.violation is not None

    def _looks_settled(self) -> bool:
        self._settling += 1
        return self._settling % 256 == 0 and self.is_settled()

    def _choose_rates(self) -> dict[str, float]:
        """Each run has some kinds of faults, often or rarely: what is always there hides what only shows without it."""
        rates = {}
        for kind, rate in self.RATES.items():
            if self.chance.random() < 0.5:
                rates[kind] = rate * self.chance.choice((0.3, 1.0, 3.0))
        return rates

    def _on_fault(self, kind: str) -> None:
        if kind not in self.MILD:
            self.disturb()

    def _draw_kill(self) -> int:
        rate = self.faults.rates.get("kill")
        return int(self.faults.chance("kill").expovariate(rate)) + 1 if rate else -1

    def _at_pause(self, task: Task) -> None:
        faults, process = self.faults, task.process
        if not faults.active or not process.killable:
            return
        self._until_kill -= 1
        if self._until_kill == 0:
            self._until_kill = self._draw_kill()
            if faults.happens("kill", f"{process.name} ({task.name.rpartition('/')[2]}) before {task.where}"):
                self.disturb()
                process.kill()
        if faults.is_drawn("stall") and faults.happens(
            "stall", f"{task.name} stands still before {task.where}"
        ):
            self.disturb()
            seconds = faults.chance("stall").choice((0.02, 0.4, 3.0, 20.0))
            self.stalled_until_ns = max(self.stalled_until_ns, self.scheduler.now_ns + int(seconds * NS))
            self.scheduler.sleep(task.where, seconds)
            self.disturb()
        if task.name.endswith("/main") and faults.strikes("signal"):
            self.at_signal(process)

    def _between(self) -> None:
        self._looks += 1
        if self._looks % 256 == 0:
            self.check()
            self.supervisor.check_stops()

    def _trouble(self, operation: str, path: str) -> None:
        process = self.disk.process
        assert process is not None
        machine = process.machine
        if machine.full and operation in ("write", "create"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        if not process.killable or not self.faults.is_drawn("disk error"):
            return
        if self.faults.happens("disk error", f"{process.name}, {operation} {Path(path).name}"):
            code = self.faults.chance("disk error").choice(
                (errno.EIO, errno.ENOSPC, errno.EMFILE, errno.EACCES)
            )
            raise OSError(code, os.strerror(code), path)

    def _cut(self, length: int) -> int | None:
        chance = self.faults.chance("cut write")
        if length > 1 and self.faults.active and chance.random() < self.faults.rates.get("cut write", 0.0):
            return chance.randrange(1, length)
        return None

    def _whereabouts(self) -> str:
        return "; ".join(self._places()) or "no task"

    def _places(self) -> list[str]:
        tasks = [task for process in self.supervisor.processes() for task in process.tasks]
        return sorted(f"{task.name} at {task.where}" for task in tasks)

    def _fingerprint(self, lines: Sequence[str]) -> int:
        scheduler = self.scheduler
        numbers = f"{scheduler.steps} {scheduler.now_ns} {self.faults.count} {self.chance.random()}"
        return hash_of("\n".join([numbers, *lines]))


class _ToStory(logging.Handler):
    """What the product logs becomes part of the story."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        task = self._world.scheduler.current
        if task is None or self._world.scheduler.over or task.process.dead:
            return
        with suppress(Exception):
            text = record.getMessage().replace(str(self._world.folder), "")
            if record.exc_info and record.exc_info[1] is not None:
                text += f" ({type(record.exc_info[1]).__name__}: {record.exc_info[1]})"
            self._world.story.tell(task.name, "says: " + text)
            self._world.on_log(task, record) if hasattr(self._world, "on_log") else None
