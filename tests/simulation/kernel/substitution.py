"""Puts the simulated clock, threads, files and network into the product's modules, and takes them out again.

Only names in modules of the product are set, and what it bound to a function of the clock before (defaults of
arguments, closures). The product's code is as it is everywhere else.
"""

from __future__ import annotations

import concurrent.futures
import datetime
import fcntl
import mmap
import os
import queue
import random
import secrets
import shutil
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import signaltape.clock
import signaltape.readying
import signaltape.shipping.thread  # the product imports both late: they must be there to be given what is simulated
from tests.simulation.kernel.clocks import SimulatedTime, simulated_datetime
from tests.simulation.kernel.files import Disk
from tests.simulation.kernel.maps import SimulatedMmap
from tests.simulation.kernel.network import Service
from tests.simulation.kernel.paths import path_class
from tests.simulation.kernel.pools import Executor
from tests.simulation.kernel.scheduler import Scheduler
from tests.simulation.kernel.sockets import SimulatedSocket
from tests.simulation.kernel.system import SimulatedFcntl, SimulatedOs, SimulatedShutil
from tests.simulation.kernel.threads import SimpleQueue, SimulatedThreading, Thread

#: Packages whose modules are simulated, wherever they are loaded.
_ROOMS = ("signaltape", "consumer", "worker", "sink", "outbox", "replay", "reports")


class _SimulatedRandom:
    """The module `random`, drawn from what the process draws from."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def _source(self) -> random.Random:
        task = self._scheduler.current
        return task.process.random if task is not None else self._scheduler.chance

    def token_hex(self, nbytes: int) -> str:
        return f"{self._source().getrandbits(8 * nbytes):0{2 * nbytes}x}"

    def urandom(self, size: int) -> bytes:
        return bytes.fromhex(self.token_hex(size))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source(), name)


class Simulated:
    """Everything that stands in for something, of one run."""

    def __init__(self, scheduler: Scheduler, disk: Disk) -> None:
        self.scheduler = scheduler
        self.disk = disk
        self.path = path_class(disk)
        clock = SimulatedTime(scheduler)
        threads = SimulatedThreading(scheduler)
        chance = _SimulatedRandom(scheduler)
        self.datetime: Any = simulated_datetime(clock)
        #: by the identity of what is real
        self.stands_in: dict[int, Any] = {
            id(time): clock,
            id(threading): threads,
            id(os): SimulatedOs(disk, chance.urandom),
            id(mmap): SimulatedMmap(disk),
            id(fcntl): SimulatedFcntl(disk),
            id(shutil): SimulatedShutil(disk),
            id(random): chance,
            id(secrets): chance,
            id(Path): self.path,
            id(queue.SimpleQueue): lambda: SimpleQueue(scheduler),
            id(threading.Thread): lambda *a, **k: Thread(scheduler, *a, **k),
            id(concurrent.futures.ThreadPoolExecutor): lambda *a, **k: Executor(scheduler, *a, **k),
        }
        #: functions that are bound in defaults and closures
        self.functions: dict[Any, Any] = {
            time.time: clock.time,
            time.time_ns: clock.time_ns,
            time.monotonic: clock.monotonic,
            datetime.datetime.now: self.datetime.now,
        }
        self.services: dict[str, Service] = {}


def product_modules() -> list[types.ModuleType]:
    """All modules of the product that are loaded."""
    return [
        module
        for name, module in sorted(sys.modules.items())
        if module is not None and name.split(".")[0] in _ROOMS and getattr(module, "__file__", None)
    ]


@contextmanager
def simulated(stand_ins: Simulated) -> Iterator[None]:
    """While inside, the product's modules see what is simulated."""
    undo: list[Callable[[], None]] = []
    try:
        # Elsewhere it is compared to the type of values.
        _put(signaltape.clock, "datetime", stand_ins.datetime, undo)
        for module in product_modules():
            _substitute(module, stand_ins, undo)
        with _redis_over(stand_ins):
            yield
    finally:
        for act in reversed(undo):
            act()


def _substitute(module: types.ModuleType, stand_ins: Simulated, undo: list[Callable[[], None]]) -> None:
    for name, value in list(vars(module).items()):
        found = stand_ins.stands_in.get(id(value))
        if found is None and callable(value) and _hashable(value):
            found = stand_ins.functions.get(value)
        if found is not None:
            _put(module, name, found, undo)
        elif isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
            _rebind(value, stand_ins, undo)
        elif isinstance(value, type) and value.__module__ == module.__name__:
            for member in list(vars(value).values()):
                if isinstance(member, types.FunctionType):
                    _rebind(member, stand_ins, undo)


def _put(holder: Any, name: str, value: Any, undo: list[Callable[[], None]]) -> None:
    undo.append(partial(setattr, holder, name, getattr(holder, name)))
    setattr(holder, name, value)


def _rebind(
    function: types.FunctionType, stand_ins: Simulated, undo: list[Callable[[], None]], depth: int = 0
) -> None:
    """What a function bound at its making: defaults of arguments, and cells of what it encloses."""
    defaults = function.__defaults__
    if defaults and any(_hashable(one) and one in stand_ins.functions for one in defaults):
        function.__defaults__ = tuple(
            stand_ins.functions.get(one, one) if _hashable(one) else one for one in defaults
        )
        undo.append(lambda: setattr(function, "__defaults__", defaults))
    for cell in function.__closure__ or ():
        try:
            held = cell.cell_contents
        except ValueError:
            continue
        if _hashable(held) and held in stand_ins.functions:
            _put(cell, "cell_contents", stand_ins.functions[held], undo)
        elif isinstance(held, types.FunctionType) and depth < 4:
            _rebind(held, stand_ins, undo, depth + 1)


def _hashable(value: Any) -> bool:
    return isinstance(value, (types.BuiltinFunctionType, types.FunctionType, types.MethodType))


@contextmanager
def _redis_over(stand_ins: Simulated) -> Iterator[None]:
    """redis-py connects through the simulated network; all else of it is real."""
    import redis._parsers.hiredis as parser
    from redis.connection import Connection

    def connect(connection: Any) -> SimulatedSocket:
        task = stand_ins.scheduler.current
        assert task is not None
        service = stand_ins.services[connection.host]
        return SimulatedSocket(stand_ins.scheduler, service, task.process, connection.socket_timeout)

    def can_read(socket: Any, _timeout: float) -> bool:
        return bool(socket.is_readable)

    with (
        patch.object(Connection, "_connect", connect),
        patch.object(parser, "_socket_can_read", can_read),
        patch.object(parser, "_socket_is_closed", lambda socket: socket.is_broken),
    ):
        yield
