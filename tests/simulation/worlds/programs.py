"""Programs: what a platform runs, starts again when it ends, and asks to stop."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Protocol

from greenlet import GreenletExit

from tests.simulation.kernel.machines import NS, Machine, Process
from tests.simulation.kernel.scheduler import Scheduler
from tests.simulation.kernel.story import Story
from tests.simulation.kernel.threads import Event, Waiters

#: So long, by true time, may a process take that was asked to stop. Platforms kill after 30 seconds.
STOP_WITHIN_S = 30.0


class Program:
    """One program on one machine; each start is a new process.

    main: called in the process with it and the event that asks it to stop.
    restart_s: it is started again after at most so long.
    foreseen: what it may end by, as the real one would.
    at_start, at_end: told of each process.
    """

    def __init__(
        self,
        machine: Machine,
        name: str,
        main: Callable[[Process, Event], Any],
        *,
        restart_s: float = 8.0,
        killable: bool = True,
        foreseen: tuple[type[BaseException], ...] = (),
        at_end: Callable[[Process], None] = lambda _process: None,
    ) -> None:
        self.machine = machine
        self.name = name
        self.main = main
        self.restart_s = restart_s
        self.killable = killable
        self.foreseen = foreseen
        self.at_end = at_end
        self.process: Process | None = None
        self.stop: Event | None = None
        self.due_ns: int | None = None
        self.asked_ns: int | None = None
        self.starts = 0
        #: it is not started before that
        self.away_until_ns = 0


class Surroundings(Protocol):
    """What a supervisor needs of its world."""

    scheduler: Scheduler
    story: Story
    chance: random.Random
    disturbed_ns: int
    finishing: bool

    def machine(self, name: str) -> Machine: ...

    def fail(self, invariant: str, text: str) -> None: ...

    def ended_by(self, process: Process, name: str, error: BaseException) -> None: ...


class Supervisor:
    """Starts programs, starts them again, and asks them to stop."""

    def __init__(self, world: Surroundings) -> None:
        self._world = world
        self._scheduler = world.scheduler
        self.programs: list[Program] = []
        self._waiters = Waiters(world.scheduler)
        self._task_started = False
        self._process: Process | None = None

    def add(self, program: Program) -> Program:
        """Take charge of a program, and start it."""
        self.programs.append(program)
        program.due_ns = self._scheduler.now_ns
        if self._process is None:
            self._process = Process(self._world.machine("nowhere"), "supervisor")
            self._process.killable = False
            self._process.start(self._run)
        return program

    def ask_to_stop(self, program: Program) -> None:
        """As SIGTERM: it ends by itself, and is started again unless the world ends."""
        if program.process is not None and program.stop is not None and program.asked_ns is None:
            program.asked_ns = self._scheduler.now_ns
            self._world.story.tell("supervisor", f"asks {program.process.name} to stop")
            program.stop.set()

    def keep_away(self, program: Program, seconds: float) -> None:
        """Asked to stop it ends, and for so long it is not started again."""
        program.away_until_ns = self._scheduler.now_ns + int(seconds * NS)
        if program.due_ns is not None:
            program.due_ns = max(program.due_ns, program.away_until_ns)
        self.ask_to_stop(program)

    def stop_all(self) -> None:
        """Ask all to stop; nothing is started any more."""
        for program in self.programs:
            program.due_ns = None
            self.ask_to_stop(program)

    def running(self) -> list[Program]:
        """Those that have not ended."""
        return [program for program in self.programs if program.process is not None]

    def processes(self) -> list[Process]:
        """The processes that run."""
        return [program.process for program in self.programs if program.process is not None]

    def check_stops(self) -> None:
        """Whether anybody takes too long who was asked to stop."""
        for program in self.programs:
            if program.process is None or program.asked_ns is None:
                continue
            took_s = (self._scheduler.now_ns - max(program.asked_ns, self._world.disturbed_ns)) / NS
            if took_s > STOP_WITHIN_S:
                where = "; ".join(sorted(f"{task.name} at {task.where}" for task in program.process.tasks))
                self._world.fail(
                    "ends in time", f"{program.name} was asked to stop {took_s:.1f} s ago: {where}"
                )

    def _run(self) -> None:
        while True:
            now = self._scheduler.now_ns
            for program in self.programs:
                if program.process is None and program.due_ns is not None and program.due_ns <= now:
                    self._start(program)
            due = [one.due_ns for one in self.programs if one.process is None and one.due_ns is not None]
            self._waiters.wait("a program to start", max((min(due) - now) / NS, 0.0) if due else 1.0)

    def _start(self, program: Program) -> None:
        program.starts += 1
        process = Process(program.machine, f"{program.name} #{program.starts}")
        process.killable, process.foreseen = program.killable, program.foreseen
        stop = Event(self._scheduler)
        program.process, program.stop, program.due_ns, program.asked_ns = process, stop, None, None
        process.at_death.append(lambda: self._ended(program, process))
        self._world.story.tell("supervisor", f"starts {process.name}")

        def main() -> None:
            try:
                program.main(process, stop)
            except GreenletExit:
                raise
            except BaseException as error:
                self._world.ended_by(process, process.name, error)
            else:
                self._world.story.tell(process.name, "ends")
            process.kill()

        process.start(main)

    def _ended(self, program: Program, process: Process) -> None:
        if program.process is not process:
            return
        program.process, program.stop, program.asked_ns = None, None, None
        program.at_end(process)
        if not self._world.finishing:
            wait_s = self._world.chance.random() * program.restart_s
            program.due_ns = max(self._scheduler.now_ns + int(wait_s * NS), program.away_until_ns)
            self._waiters.wake()
