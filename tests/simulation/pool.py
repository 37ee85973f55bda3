"""Runs beside each other, each in a process of its own that has run nothing before: no run knows of another.

Sets of texts have one order in these processes, whatever it is in the one that starts them.
"""

from __future__ import annotations

import gc
import math
import multiprocessing
import os
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import connection, forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from unittest.mock import patch

from tests.simulation.databases import Databases
from tests.simulation.runs import Outcome, Run, carry_out
from tests.simulation.worlds import base
from tests.simulation.worlds.registry import WORLDS
from tests.simulation.worlds.verdict import Violation

#: A run that takes longer does not end any more. The longest take half a minute on a busy machine.
_LONGEST_S = 300.0
#: Who has answered has nothing left to do; if a thread of it is still at something, nobody waits for that.
_LONGEST_END_S = 30.0
#: Said of a run that was none, for an error of the simulation itself.
SIMULATION_FAILED = "the simulation itself"
_ROOT = Path(__file__).parents[2]


class _Slot(NamedTuple):
    process: ForkServerProcess
    answer: Connection
    run: Run
    started: float


class Pool:
    """So many runs at a time.

    databases: of the worlds that need them, one for each that runs at a time.
    """

    def __init__(self, jobs: int, databases: Databases = MappingProxyType({})) -> None:
        self.size = jobs
        self._databases = databases
        self._slots: dict[int, _Slot] = {}
        self._folder = Path(tempfile.mkdtemp(prefix="signaltape-simulation-", dir=base.DISKS))
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([entry.module for entry in WORLDS.values()] + [__name__])
        with _deaf(), patch.dict(os.environ, environment()):
            forkserver.ensure_running()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.give_up()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def is_free(self) -> bool:
        """Whether one more may start."""
        return len(self._slots) < self.size

    @property
    def is_empty(self) -> bool:
        """Whether nothing runs."""
        return not self._slots

    def start(self, run: Run) -> None:
        """Begin a run."""
        number = next(number for number in range(self.size) if number not in self._slots)
        own_databases = self._databases.get(run.world)
        url = own_databases[number] if own_databases else ""
        answer, own = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_work, args=(own, run, str(self._folder), url))
        process.start()
        own.close()
        self._slots[number] = _Slot(process, answer, run, time.monotonic())

    def ended(self, timeout_s: float) -> list[Outcome]:
        """What came of those that have ended; waits for one so long at most."""
        ready = connection.wait([slot.answer for slot in self._slots.values()], timeout_s)
        now, outcomes = time.monotonic(), []
        for number, slot in list(self._slots.items()):
            if slot.answer not in ready and now - slot.started < _LONGEST_S:
                continue
            outcomes.append(_outcome_of(slot, now - slot.started))
            del self._slots[number]
        return outcomes

    def all_of(self, runs: Sequence[Run], until: float = math.inf) -> list[Outcome]:
        """All of some runs, in their order. until: by time.monotonic(); those that have not ended are given up."""
        waiting, found = list(reversed(runs)), dict[Run, Outcome]()
        while (waiting or not self.is_empty) and time.monotonic() < until:
            while waiting and self.is_free:
                self.start(waiting.pop())
            found |= {outcome.run: outcome for outcome in self.ended(0.5)}
        self.give_up()
        return [found[run] for run in runs if run in found]

    def give_up(self) -> None:
        """End all that runs."""
        for slot in self._slots.values():
            slot.process.kill()
            slot.process.join()
            slot.answer.close()
        self._slots.clear()


def _outcome_of(slot: _Slot, seconds: float) -> Outcome:
    if seconds >= _LONGEST_S:
        slot.process.kill()
        text = f"no end after {seconds:.0f} s: something goes round without touching anything"
    try:
        outcome: Outcome = slot.answer.recv()
    except (EOFError, OSError):  # nothing was said, or half of it
        _end(slot.process)
        if seconds < _LONGEST_S:
            text = f"the process of the run ended with exit code {slot.process.exitcode}"
        outcome = _broken(slot.run, seconds, "runs to its end", text)
    slot.answer.close()
    _end(slot.process)
    slot.process.close()
    return outcome


def _end(process: ForkServerProcess) -> None:
    process.join(_LONGEST_END_S)
    process.kill()
    process.join()


def _broken(run: Run, seconds: float, invariant: str, text: str) -> Outcome:
    return Outcome(run, 0, seconds, Violation(invariant, 0, text), [], [], [], 0)


def _work(answer: Connection, run: Run, folder: str, url: str) -> None:
    base.DISKS = folder
    gc.disable()  # what one run leaves goes with its process
    started = time.monotonic()
    try:
        outcome = carry_out(run, url)
    except BaseException:
        outcome = _broken(run, time.monotonic() - started, SIMULATION_FAILED, traceback.format_exc())
    answer.send(outcome)


@contextmanager
def _deaf() -> Iterator[None]:
    """What is started here does not hear Ctrl-C: it is ended by who started it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def environment() -> dict[str, str]:
    """What makes a run a function of its seed, and finds the product."""
    places = [str(_ROOT / "producer"), str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(places)}


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
