"""The spine: engines with journals, shippers, a stream, workers, tables."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import signaltape.emitter
import signaltape.journal.lock
import signaltape.shipping.service
import worker.loop
from signaltape.consuming.consumer import Consumer
from signaltape.consuming.names import Slot, consumer_name
from signaltape.consuming.read_ahead import Limits
from signaltape.emitter import Emitter
from signaltape.settings import Secret, Settings
from signaltape.shipping.service import ship_forever
from signaltape.stream import WORKER_GROUP, stream_key, stream_keys
from tests.simulation.kernel.machines import Machine, Process
from tests.simulation.kernel.network import Line, Service
from tests.simulation.kernel.scheduler import NS
from tests.simulation.kernel.threads import Event
from tests.simulation.redis import ModelRedis
from tests.simulation.tables.database import ModelDatabase
from tests.simulation.tables.writer import ModelWriter
from tests.simulation.worlds.audit import Audit
from tests.simulation.worlds.base import World
from tests.simulation.worlds.damage import Damage
from tests.simulation.worlds.keeping import Keeping
from tests.simulation.worlds.lasting import Lasting
from tests.simulation.worlds.redis_troubles import RedisTroubles
from tests.simulation.worlds.ship_once import ShipOnce
from tests.simulation.worlds.spine_nemesis import SpineNemesis
from tests.simulation.worlds.spine_rates import RATES, calmed
from tests.simulation.worlds.truth import Truth, given_of
from tests.simulation.worlds.workload import Workload
from worker.loop import Worker

_URL = Secret("redis://redis:6379/0")
_STREAM = "signaltape"


class SpineWorld(World):
    """Engines, shippers, Redis, workers and tables; every event stored once, whatever happens."""

    name = "spine"
    RATES = RATES

    MILD = ("Postgres locked",)

    def build(self) -> None:
        chance = self.chance
        self.truth = Truth()
        #: segments of which one bit was flipped: no second one, that is beyond what checksums mend
        self.flipped: set[Path] = set()
        #: whether Redis ever lost what it had taken
        self.redis_forgot = False
        self.partitions = chance.choice((1, 1, 2, 3))
        self.claim_idle_ms = chance.choice((5_000, 20_000, 60_000))
        #: whether Redis may not be asked what became of what it was given: then losses may go unnoticed
        self.blind = False
        self.keep_s = chance.choice((5, 15, 90, 900))
        self.segment_bytes = chance.choice((2_048, 4_096, 16_384))
        self.journal_max_bytes = chance.choice((10 * self.segment_bytes, 4_000_000))
        self.limits = Limits(
            max_entries=chance.choice((8, 50, 500)),
            max_age_ms=chance.choice((1, 30)),
            claim_idle_ms=self.claim_idle_ms,
            retention_s=chance.choice((60, 3600)),
        )
        redis_machine = self.machine("redis-host")
        redis_machine.ahead_ns = chance.choice((0, 0, 3 * NS, -3 * NS))
        self.redis = ModelRedis(lambda: redis_machine.wall_ns // 1_000_000, self._run_id())
        self.service = Service(self.scheduler, self.redis, self.faults, self.story, "Redis")
        self.service.wall_ms = lambda: redis_machine.wall_ns // 1_000_000
        self.service.on_command = self._on_command
        self.simulated.services["redis"] = self.service
        redis_process = Process(redis_machine, "redis-server")
        redis_process.killable = False
        redis_process.start(self.service.run)
        self.database = ModelDatabase(self.scheduler.pause, self.scheduler.wait)
        self.database.lose_commit_answer = lambda: self.faults.strikes("commit answer lost")
        self._patch()
        self.audit = Audit(self)
        self.keeping = Keeping(self)
        self.redis_troubles = RedisTroubles(self)
        self.damage = Damage(self)
        self.lasting = Lasting(self)
        self.workloads: list[Workload] = []
        for number in range(chance.choice((1, 1, 2))):
            self._build_engines(self.machine(f"engine-host-{number + 1}"))
        for number in range(chance.choice((1, 1, 2, 3))):
            host = self.machine(f"worker-host-{chance.choice((1, 1, 2))}")
            self.program(host, f"worker {number + 1}", self._worker)
        SpineNemesis(self).start()

    def settings(self, machine: Machine) -> Settings:
        """The settings of programs on a machine."""
        return Settings(
            redis_url=_URL,
            database_url=Secret("postgresql://tables/db"),
            feature_event_logging=True,
            home=self.path(machine, "home"),
            stream=_STREAM,
            partitions=self.partitions,
            segment_bytes=self.segment_bytes,
            journal_max_bytes=self.journal_max_bytes,
            shipped_keep_s=self.keep_s,
            stream_retention_s=self.limits.retention_s,
        )

    @property
    def stream_keys(self) -> list[bytes]:
        """The keys of all partitions."""
        return [key.encode() for key in stream_keys(_STREAM, self.partitions)]

    @property
    def homes(self) -> list[Machine]:
        """The machines that have journals."""
        return [machine for name, machine in self.machines.items() if name.startswith("engine-host")]

    def check(self) -> None:
        self.audit.check()

    def is_settled(self) -> bool:
        if self.lasting.begun:
            self.lasting.end_if_rest_is_done()
            return False
        return self.audit.nothing_left()

    def heal(self) -> None:
        self.service.alive = True
        self.service.unreachable.clear()
        self.redis.out_of_memory = self.redis.read_only = False
        self.database.away = self.database.locked = False
        self.database.refusing = lambda _entry: None
        for machine in self.machines.values():
            machine.full = False
        self.redis_troubles.heal()
        for workload in self.workloads:
            workload.over = True
        self.lasting.begin()
        if self.damage.beyond_counting:  # what follows lost bytes may wait for its engine's end
            for program in self.supervisor.running():
                if program.name.startswith("engine"):
                    self.supervisor.ask_to_stop(program)

    def verify(self) -> None:
        self.audit.verify()

    def at_signal(self, process: Process) -> None:
        for workload in self.workloads:
            if workload.process is process:
                workload.from_handler()

    def cleanup(self) -> None:
        for emitter in [*signaltape.emitter._with_journal, *signaltape.emitter._emitters]:
            if type(emitter._settings.home).__name__ == "SimulatedPath":
                signaltape.emitter._with_journal.discard(emitter)
                signaltape.emitter._emitters.discard(emitter)
        signaltape.journal.lock._open_fds.clear()
        for undo in self._undo:
            undo()

    def _patch(self) -> None:
        self._undo: list[Any] = []
        self._set(worker.loop, "connect", self._connect)
        self._set(worker.loop, "BatchWriter", ModelWriter)
        self._set(worker.loop, "socket", _Sockets(self.database))
        self._set(signaltape.shipping.service, "POLL_S", 0.2)

    def _set(self, module: Any, name: str, value: Any) -> None:
        before = getattr(module, name)
        setattr(module, name, value)
        self._undo.append(lambda: setattr(module, name, before))

    def _connect(self, url: Any, *, name: str = "", autocommit: bool = True) -> Any:
        session = self.database.connect(url, name=name, autocommit=autocommit)
        task = self.scheduler.current
        assert task is not None
        task.process.at_death.append(lambda: self.database.end_session(session))
        return session

    def _build_engines(self, machine: Machine) -> None:
        chance = self.chance
        ships_itself = chance.random() < 0.7
        for number in range(chance.choice((1, 1, 2))):
            workload = Workload(self, f"{machine.name}/{number}", ship=ships_itself)
            self.workloads.append(workload)
            self.program(
                machine, f"engine {machine.name[-1]}{number + 1}", workload.run, at_end=self._shipping_ends
            )
        if not ships_itself and chance.random() < 0.35:
            name = f"ship once {machine.name[-1]}"
            self.program(machine, name, ShipOnce(self).run, at_end=self._shipping_ends)
            return
        for number in range(0 if ships_itself and chance.random() < 0.6 else chance.choice((1, 1, 2))):
            self.program(
                machine, f"shipper {machine.name[-1]}{number + 1}", self._shipper, at_end=self._shipping_ends
            )

    def _shipping_ends(self, _process: Process) -> None:
        self.keeping.hitch()

    def _choose_rates(self) -> dict[str, float]:
        return calmed(super()._choose_rates(), self.chance)

    def _on_fault(self, kind: str) -> None:
        super()._on_fault(kind)
        self.keeping.on_fault(kind)

    def _trouble(self, operation: str, path: str) -> None:
        super()._trouble(operation, path)
        self.keeping.on_touch(operation, path)
        if path.startswith(self.lasting.broken):
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        process = self.disk.process
        if operation != "list" or process is None or not process.killable:
            return
        if self.faults.strikes("lists fail", f"{process.name}, {Path(path).name}"):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), path)

    def _shipper(self, process: Process, stop: Event) -> None:
        since = self.keeping.resend_since(process)
        ship_forever(self.settings(process.machine), stop, resend_since=since)  # type: ignore[arg-type]

    def _worker(self, process: Process, stop: Event) -> None:
        slot = Slot(self.path(process.machine, "home", "worker"))
        name = consumer_name(None, slot, process.machine.name)
        keys = stream_keys(_STREAM, self.partitions)
        beyond = [stream_key(_STREAM, number) for number in range(self.partitions, self.partitions + 2)]
        Worker(
            lambda: Consumer(_URL, name, keys, WORKER_GROUP, beyond),
            Secret("postgresql://tables/db"),
            stop,  # type: ignore[arg-type]
            self.limits,
        ).run()

    def emitter(self, process: Process, *, ship: bool) -> Emitter:
        """An emitter for an engine."""
        return Emitter(self.settings(process.machine), ship=ship)

    def new_signal_id(self, process: Process) -> str:
        """An id that no other signal has."""
        return str(uuid.UUID(int=process.random.getrandbits(128), version=4))

    def restart_redis(self, data: object) -> None:
        """The server comes back with these data, as another run."""
        self.service.drop_all()
        self.redis.load(data, self._run_id())
        self.redis_troubles.restarted()

    def _run_id(self) -> str:
        return f"{self.chance.getrandbits(160):040x}"

    def _on_command(self, line: Line, argv: Sequence[bytes], answer: bytes | None) -> None:
        command = argv[0].upper()
        self.redis_troubles.on_command(argv)
        if command == b"XADD" and answer is not None and answer[:1] == b"$":
            entry_id = answer.split(b"\r\n")[1].decode()
            fields = argv[3:]
            values = dict(zip(fields[::2], fields[1::2], strict=False))
            given = given_of(values[b"event"].decode(), values[b"data"])
            self.audit.added(argv[1].decode(), entry_id, given)
        elif command == b"XADD":
            self.keeping.hitch()  # what stands behind it may be taken, and comes again
        elif command == b"XACK" and answer is not None and answer[:1] == b":":
            self.audit.acknowledged(argv[1].decode(), argv[2].decode(), [one.decode() for one in argv[3:]])


class _Sockets:
    """The module `socket` in `worker.loop`: there only the line to Postgres is shut down by it."""

    SHUT_RDWR = 2

    def __init__(self, database: ModelDatabase) -> None:
        self._database = database

    def socket(self, fileno: int) -> Any:
        return _Line(self._database, fileno)


class _Line:
    def __init__(self, database: ModelDatabase, fileno: int) -> None:
        self._session = database.session_of(fileno)

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def shutdown(self, _how: int) -> None:
        if self._session is not None:
            self._session.shut_down()
