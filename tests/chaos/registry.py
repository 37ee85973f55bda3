"""The list of faults: each a function that does its harm to a rig under load.

It mends only what a person with a process manager would: it starts again what it has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.chaos.rig import Rig

Harm = Callable[[Rig], int | None]


class Fault(NamedTuple):
    """A fault by its name.

    harm: returns how often it was injected (None: once). setup: starts the processes, if the usual ones
    (an engine, a shipper, a worker) will not do. soak: whether it may be part of a random sequence.
    """

    name: str
    harm: Harm
    setup: Callable[[Rig], None]
    soak: bool


FAULTS: dict[str, Fault] = {}


def usual(rig: Rig) -> None:
    """An engine, a shipper and a worker, each a process."""
    rig.start_shipper()
    rig.start_worker()
    rig.start_engine()


Setup = Callable[[Rig], None]


def started(
    *, mode: str = "plain", shippers: int = 1, workers: int = 1, engine: dict[str, str] | None = None,
    shipper: dict[str, str] | None = None, worker: dict[str, str] | None = None,
) -> Setup:  # fmt: skip
    """So many processes; the dicts are added to their environments, `mode` is the engine's."""

    def setup(rig: Rig) -> None:
        for _ in range(shippers):
            rig.start_shipper(env=shipper)
        for _ in range(workers):
            rig.start_worker(env=worker)
        rig.start_engine(mode=mode, env=engine)

    return setup


def fault(setup: Setup = usual, *, soak: bool = False) -> Callable[[Harm], Harm]:
    """Register a function as a fault, under its own name."""

    def register(harm: Harm) -> Harm:
        name = harm.__name__.replace("_", "-")
        FAULTS[name] = Fault(name, harm, setup, soak)
        return harm

    return register
