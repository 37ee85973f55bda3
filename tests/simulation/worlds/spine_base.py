"""What the world of the spine consists of, as far as its parts know it, and each part as far as others know it."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from consumer.limits import Limits
from signaltape.emitter import Emitter
from signaltape.settings import Settings
from tests.simulation.kernel.machines import Machine, Process
from tests.simulation.worlds.amid import Amid
from tests.simulation.worlds.audit import Audit
from tests.simulation.worlds.streaming import (
    DATABASE_URL,
    REDIS_URL,
    STREAM,
    Sent,
    Streams,
    StreamWorld,
)
from tests.simulation.worlds.truth import Given

#: How long, what ends it, and what it is.
Lasts = Callable[[float, Callable[[], None], str], str]


class Dropped(NamedTuple):
    """How many events of a process went by the bound: at least, and at most."""

    least: int = 0
    most: int = 0


class KeepingPart(Sent, Protocol):
    """What was sent, and when anything was amiss: see `keeping`."""

    dropped: defaultdict[Process, Dropped]
    taken: Counter[str]

    @property
    def troubled_ns(self) -> int: ...

    def excuse(self) -> None: ...

    def resend_since(self, process: Process) -> float | None: ...

    def check_closed(self, name: str, accepted: Collection[Given]) -> None: ...


class DamagePart(Protocol):
    """What was damaged: see `damage`."""

    beyond_counting: bool
    cursors: set[Path]

    def emitted(self, process: Process, given: Given) -> None: ...


class OrderPart(Protocol):
    """How far cursors went: see `order`."""

    def not_passed(self, path: Path) -> int: ...


class LastingPart(Protocol):
    """The trouble that goes on when others have ended: see `lasting`."""

    begun: bool
    broken: str


class StreamsPart(Streams, Protocol):
    """Streams, in whose place something else may be put: see `redis_troubles`."""

    def replace(self, key: bytes) -> Callable[[], None]: ...


class Engine(Protocol):
    """One engine: see `workload`."""

    process: Process | None
    dies_soon: bool
    farewells: int

    def hurry(self, while_: Callable[[], bool]) -> None: ...


class SpineBase(StreamWorld):
    """What was drawn for this run, and the parts that ask one another."""

    audit: Audit
    amid: Amid
    keeping: KeepingPart
    damage: DamagePart
    order: OrderPart
    lasting: LastingPart
    redis_troubles: StreamsPart
    workloads: Sequence[Engine]
    #: machines on which nobody ships for long, and who does it there
    shipped_once: Mapping[Machine, object]
    #: how many files could not be had, by who wanted them
    file_errors: Counter[Process | None]
    limits: Limits
    keep_s: int
    #: how many events go to Redis at once, as long as there are faults
    batch_events: int
    #: by how much clocks may differ
    margin_s: float
    #: how long all engines wait between bursts; None: each start of one draws it
    pace: tuple[float, ...] | None

    def settings(self, machine: Machine) -> Settings:
        """The settings of programs on a machine."""
        return Settings(
            redis_url=REDIS_URL,
            database_url=DATABASE_URL,
            feature_event_logging=True,
            home=self.path(machine, "home"),
            stream=STREAM,
            partitions=self.partitions,
            segment_bytes=self.segment_bytes,
            journal_max_bytes=self.journal_max_bytes,
            shipped_keep_s=self.keep_s,
            stream_retention_s=self.limits.retention_s,
        )

    @property
    def homes(self) -> list[Machine]:
        """The machines that have journals."""
        return [machine for name, machine in self.machines.items() if name.startswith("engine-host")]

    def emitter(self, process: Process, *, ship: bool) -> Emitter:
        """An emitter for an engine."""
        return Emitter(
            self.settings(process.machine), ship=ship, control=False
        )  # see `control`, a world of its own

    def new_signal_id(self, process: Process) -> str:
        """An id that no other signal has."""
        return str(uuid.UUID(int=process.random.getrandbits(128), version=4))
