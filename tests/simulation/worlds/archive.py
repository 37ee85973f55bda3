"""The archive: a stream, archivers that share one folder, retention beside them, and readers."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import signaltape.journal.lock
from consumer.decoding.decode import Batch
from consumer.limits import Limits
from replay.archive import archiving, retention
from replay.archive.archiver import Archive
from replay.archive.keeping import keep_of
from signaltape.settings import Secret, Settings
from tests.simulation.kernel.machines import Process
from tests.simulation.kernel.network import Line, Service
from tests.simulation.kernel.power import Shadow
from tests.simulation.kernel.sqlite import Connection, SimulatedSqlite
from tests.simulation.redis.model import ModelRedis
from tests.simulation.worlds.archive_audit import Audit
from tests.simulation.worlds.archive_base import STREAM, ArchiveBase
from tests.simulation.worlds.archive_ledgers import Ledgers
from tests.simulation.worlds.archive_nemesis import ArchiveNemesis
from tests.simulation.worlds.archive_programs import BEGINS_BY, DRAINS_BY, READS_BY, URL, Programs
from tests.simulation.worlds.archive_rates import RATES, few_but_often
from tests.simulation.worlds.archive_sessions import Sessions
from tests.simulation.worlds.archive_tables import Tables
from tests.simulation.worlds.archive_trials import LastTrial
from tests.simulation.worlds.audit_trimming import Trimming


class ArchiveWorld(ArchiveBase):
    """Archivers, retention and readers of one folder; every entry one line, whatever happens."""

    name = "archive"
    RATES = RATES

    def __init__(self, seed: int, *, left_out: Collection[int] = ()) -> None:
        super().__init__(seed, left_out=left_out)
        self.sqlite = SimulatedSqlite(
            self.disk, lambda: self.faults.chance("commit").choice(("open", "undone", "undone", "done"))
        )
        self.sqlite.on_commit = self._on_commit
        self.sqlite.on_shared_memory = lambda text: self.fail("one ledger, one shared memory", text)
        self.simulated.stands_in[id(sqlite3)] = self.sqlite
        self._undo: list[Any] = []

    def build(self) -> None:
        chance = self.chance
        self.partitions = chance.choice((1, 1, 2))
        self.claim_idle_ms = chance.choice((5_000, 20_000, 60_000))
        host = self.machine("archive-host-1")
        self.hosts = [host, *([self.machine("archive-host-2")] if chance.random() < 0.3 else [])]
        self.data = self.path(host, "data-of-all")
        self.root = host.folder / "data-of-all" / "data"
        self.root.parent.mkdir(parents=True)
        self.shadow = Shadow(self.disk, self.root.parent, lambda name: name.startswith("archive.db"))
        self._given_settings = Settings(
            redis_url=URL,
            data=self.data,
            stream=STREAM,
            partitions=self.partitions,
            stream_retention_s=chance.choice((60, 60, 3600, 86_400)),
            keep_trades_days=chance.choice((1, 3, 30)),
            keep_orders_days=chance.choice((2, 30)),
            keep_state_events_days=chance.choice((1, 2, 7)),
            keep_snapshots_days=chance.choice((2, 30)),
            keep_market_hours=chance.choice((1, 24, 48)),
            keep_desk_days=chance.choice((3, 365)),
            keep_measures_days=chance.choice((1, 30)),
            keep_signals_days=chance.choice((0, 2)),
            compress_after_days=chance.choice((1, 2)),
            database_url=chance.choice((None, None, Secret("postgresql://nowhere"))),
        )
        self.keep = keep_of(self._given_settings)
        self._build_redis()
        self.audit = Audit(self)
        self.ledgers = Ledgers(self)
        self.sessions = Sessions(self, self.audit)
        if chance.random() < 0.2:  # put there by hand, of no day that there is
            stray = self.root / "orders" / "day-2026-02-31.jsonl"
            stray.parent.mkdir(parents=True)
            stray.touch()
        self._patch()
        programs = self.programs = Programs(self, self.audit, self.sessions)
        source = Process(self.machine("source-host"), "source")
        source.killable = False
        source.start(lambda: programs.put(source))
        if chance.random() < 0.7:
            worker = Process(self.machine("worker-host"), "worker")
            worker.killable = False
            worker.start(lambda: programs.worker(worker))
        for number in range(chance.choice((1, 1, 2, 3))):
            host, restart_s = chance.choice(self.hosts), chance.choice((8.0, 8.0, 60.0))
            self.program(
                host, f"archiver {number + 1}", programs.archiver, restart_s=restart_s, foreseen=BEGINS_BY
            )
        if chance.random() < 0.2:
            self.program(
                chance.choice(self.hosts), "archiver that drains", programs.drainer, foreseen=DRAINS_BY
            )
        for number in range(chance.choice((0, 1, 1, 2))):
            self.program(chance.choice(self.hosts), f"retention {number + 1}", programs.retention)
        if chance.random() < 0.7:
            self.program(chance.choice(self.hosts), "reader", programs.reader, foreseen=READS_BY)
        if chance.random() < 0.4:
            builder = Process(host, "builder")
            builder.killable = False
            builder.start(lambda: self.sessions.build(builder))
        ArchiveNemesis(self, self.audit, self.ledgers).start()
        self.trial = LastTrial(self, self.audit, self.ledgers, self.programs)

    def _choose_rates(self) -> dict[str, float]:
        rates = super()._choose_rates()
        return few_but_often(self.chance, rates) if self.chance.random() < 0.7 else rates

    def check(self) -> None:
        self.audit.check()
        self.sessions.check()

    def is_settled(self) -> bool:
        return self.trial.is_over and self.audit.nothing_left()

    def settle(self) -> None:
        self.trial.begin()

    def heal(self) -> None:
        self.service.alive = True
        self.service.unreachable.clear()
        self.redis.out_of_memory = self.redis.read_only = self.immovable = False
        self.amid.clear()
        self.next = None
        for machine in self.machines.values():
            machine.full = False
        self.over = True

    def verify(self) -> None:
        self.audit.verify()

    def cleanup(self) -> None:
        signaltape.journal.lock._open_fds.clear()
        for one in list(self.sqlite.connections):
            one._let_go()
        for undo in self._undo:
            undo()

    def cut_power(self) -> None:
        own = self.disk.process
        for process in self.supervisor.processes():
            if process is not own:
                process.kill()
        if own in self.supervisor.processes():
            assert own is not None
            own.at_death.append(self._power_is_gone)
            own.kill()
        else:
            self._power_is_gone()

    def restart_redis(self, data: object) -> None:
        """The server comes back with these data, as another run."""
        self.service.drop_all()
        self.redis_forgot = True  # crashes that overlap bring back the older data
        self.redis.load(data, self._run_id())
        self.client = self.redis.connect()

    def _build_redis(self) -> None:
        machine = self.machine("redis-host")
        self.redis = ModelRedis(lambda: machine.wall_ns // 1_000_000, self._run_id())
        self.client = self.redis.connect()
        self.trimming = Trimming(self.redis, self.fail)
        self.service = Service(self.scheduler, self.redis, self.faults, self.story, "Redis")
        self.service.wall_ms = lambda: machine.wall_ns // 1_000_000
        self.service.before_command = self.trimming.before
        self.service.on_command = self._on_command
        self.simulated.services["redis"] = self.service
        process = Process(machine, "redis-server")
        process.killable = False
        process.start(self.service.run)

    def _run_id(self) -> str:
        return f"{self.chance.getrandbits(160):040x}"

    def _patch(self) -> None:
        world = self

        class CountedArchive(Archive):
            """The archive, whose counts are compared with what it was given."""

            def write(self, batch: Batch) -> None:
                before = self.total
                super().write(batch)
                world.audit.wrote(batch, before, self.total)

        self._set(archiving, "Archive", CountedArchive)
        self._set(archiving, "tune_interpreter", lambda: None)
        tables = Tables(self, self.audit)
        self._set(archiving, "connect", tables.connect)
        self._set(retention, "drop_partitions", tables.drop)
        limits = Limits(
            max_entries=self.chance.choice((4, 30, 500)),
            max_age_ms=self.chance.choice((1, 30)),
            claim_idle_ms=self.claim_idle_ms,
        )
        self._set(archiving, "Limits", lambda **given: limits._replace(**given))

    def _set(self, module: Any, name: str, value: Any) -> None:
        before = getattr(module, name)
        setattr(module, name, value)
        self._undo.append(lambda: setattr(module, name, before))

    def _trouble(self, operation: str, path: str) -> None:
        if self.immovable and operation == "rename" and os.path.basename(path).startswith("archive.db"):
            raise OSError(errno.EPERM, os.strerror(errno.EPERM), path)
        if self.next is not None and self.next[0] is self.disk.process:
            (_, act), self.next = self.next, None
            act()
        for name, one in self.amid.items():
            if operation == one.operation and path.endswith(one.ending) and one.suits(path):
                del self.amid[name]
                one.act(Path(path))
                break
        super()._trouble(operation, path)

    def _power_is_gone(self) -> None:
        self.audit.power_goes()
        losses = self.shadow.cut(self.faults.chance("power cut"))
        self.sessions.power_is_gone()
        self.story.tell("world", "the power goes, and with it " + (", ".join(losses) or "nothing"))

    def _on_commit(self, connection: Connection) -> None:
        if not connection.named:  # SQLite syncs the folder of its log with the first commit
            self.shadow.sync_folder(str(self.root))
        self.audit.committed(connection)
        if self.faults.strikes("power cut at a commit"):
            self.cut_power()

    def _on_command(self, line: Line, argv: Sequence[bytes], answer: bytes | None) -> None:
        self.trimming.after(argv)
        if argv[0].upper() == b"XACK" and answer is not None and answer[:1] == b":":
            self.audit.acknowledged(argv[1].decode(), argv[2].decode(), [one.decode() for one in argv[3:]])
