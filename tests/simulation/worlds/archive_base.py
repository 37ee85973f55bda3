"""What the world of an archive consists of, as far as its parts know it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from replay.archive.keeping import Keep
from signaltape.settings import Settings
from signaltape.stream import stream_keys
from tests.simulation.kernel.machines import Machine, Process
from tests.simulation.kernel.network import Service
from tests.simulation.kernel.power import Shadow
from tests.simulation.kernel.sqlite import SimulatedSqlite
from tests.simulation.redis.client import Client
from tests.simulation.redis.model import ModelRedis
from tests.simulation.worlds.base import World

STREAM = "signaltape"
#: So long is who is held up.
SLOW_S = 15.0


class Amid(NamedTuple):
    """What is to happen just before an operation on a file whose name ends so, if it suits."""

    operation: str
    ending: str
    act: Callable[[Path], None]
    suits: Callable[[str], bool] = lambda _path: True


class ArchiveBase(World):
    """A stream, one disk, and what was done to them by hand: what audits, programs and the nemesis may ask for."""

    redis: ModelRedis
    service: Service
    client: Client
    sqlite: SimulatedSqlite
    partitions: int
    #: as containers on one machine: each with its own clock and network, one disk for all
    hosts: list[Machine]
    #: the folder of the archive, as programs see it and where it really lies
    data: Any
    root: Path
    shadow: Shadow
    keep: Keep
    _given_settings: Settings

    def __init__(self, seed: int, *, left_out: Collection[int] = ()) -> None:
        super().__init__(seed, left_out=left_out)
        #: nothing more is put into the stream
        self.over = False
        #: a person touched files or ledger: what was counted may be counted again
        self.disturbed_by_hand = False
        #: an older ledger was put in the place of the ledger
        self.restored = False
        #: Redis was emptied, or came back with less than it had
        self.redis_forgot = False
        #: the ledger's folder lets nothing be moved
        self.immovable = False
        #: whoever reads does so now: somebody has died
        self.look_at_once = False
        #: what is to happen in the midst of a batch, each once
        self.amid: dict[str, Amid] = {}
        #: what happens at the next thing that a process does to the disk, once
        self.next: tuple[Process, Callable[[], None]] | None = None

    def settings(self, machine: Machine) -> Settings:
        """The settings of programs on a machine."""
        return msgspec.structs.replace(
            self._given_settings, home=self.path(machine, "home"), dyno=machine.name
        )

    @property
    def stream_keys(self) -> list[bytes]:
        """The keys of all partitions."""
        return [key.encode() for key in stream_keys(STREAM, self.partitions)]

    def cut_power(self) -> None:
        """All programs of the archive end at once; its disk keeps what it keeps. In one of them it does not return."""
        raise NotImplementedError

    def doom(self, _path: Path) -> None:
        """Whoever is at a file dies before it does another thing to the disk."""
        process = self.disk.process
        assert process is not None

        def die() -> None:
            self.story.tell("world", f"{process.name} dies before it goes on")
            self.look_at_once = True
            process.kill()

        self.next = process, die

    def hold_up(self, _path: Path) -> None:
        """Whoever is at a file takes long before it does another thing to the disk."""
        process = self.disk.process
        assert process is not None
        self.next = process, lambda: self.scheduler.sleep("a slow disk", SLOW_S)
