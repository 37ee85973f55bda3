"""Consumers: a stream that is fed by hand, workers, tables. No engines: so minutes cost few steps."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import signaltape.emitter
import signaltape.journal.lock
import signaltape.shipping.service
import worker.loop
from signaltape.consuming.consumer import Consumer
from signaltape.consuming.entry import Entry as ConsumedEntry
from signaltape.consuming.names import Slot, consumer_name
from signaltape.consuming.read_ahead import Limits
from signaltape.settings import Secret
from signaltape.stream import WORKER_GROUP, stream_key, stream_keys
from sink.decoding import sort_entries
from tests.simulation.kernel.machines import Machine, Process
from tests.simulation.kernel.network import Line, Service
from tests.simulation.kernel.scheduler import NS, Task
from tests.simulation.kernel.threads import Event
from tests.simulation.redis import ModelRedis
from tests.simulation.tables.writer import ModelWriter
from tests.simulation.worlds.audit import Audit
from tests.simulation.worlds.audit_consuming import HARMLESS_TO_HOLDERS, ConsumingAudit
from tests.simulation.worlds.base import World
from tests.simulation.worlds.feeding import Feeder
from tests.simulation.worlds.nemesis import Nemesis
from tests.simulation.worlds.nemesis_consuming import (
    CONSUMING_HARMLESS,
    CONSUMING_MILD,
    CONSUMING_RATES,
    ConsumingNemesis,
    StubbornDatabase,
)
from tests.simulation.worlds.trials import LastTrial
from tests.simulation.worlds.truth import Given, Truth, given_of
from worker.loop import Worker

_URL = Secret("redis://redis:6379/0")
_STREAM = "signaltape"
_FORGETTING = (
    "Redis crashes and forgets",
    "Redis is flushed",
    "Redis evicts",
    "Redis fails over",
    "partition unreadable",
)
_HARMLESS = frozenset((*HARMLESS_TO_HOLDERS, *CONSUMING_HARMLESS))


class ConsumingWorld(World):
    """Redis, workers and tables; every entry that Redis keeps ends in a table or as a dead letter, once."""

    name = "consuming"
    SETTLING_STEPS = 2_000_000  # thousands of entries may wait, and some of them are refused one by one
    RATES = {
        "kill": 0.0006,
        "stall": 0.0002,
        "disk error": 0.0003,
        "cut write": 0.3,
        "request lost": 0.003,
        "answer lost": 0.003,
        "connection refused": 0.03,
        "slow packet": 0.003,
        "end unseen": 0.1,
        "commit answer lost": 0.03,
        "Redis crashes": 0.3,
        "Redis crashes and forgets": 0.3,
        "Redis is out of memory": 0.2,
        "Redis is read-only": 0.1,
        "Redis is flushed": 0.1,
        "Redis evicts": 0.1,
        "Redis out of reach": 0.3,
        "Postgres away": 0.3,
        "Postgres locked": 0.3,
        "Postgres cuts": 0.3,
        "Postgres refuses": 0.1,
        "clock jumps": 0.15,
        "asked to stop": 0.3,
        **CONSUMING_RATES,
    }

    MILD = ("Postgres locked", *CONSUMING_MILD)

    def build(self) -> None:
        chance = self.chance
        self.truth = Truth()
        #: whether Redis ever lost what it had taken
        self.redis_forgot = False
        #: no journals, whose segments lose a bit
        self.flipped: set[Path] = set()
        self.segment_bytes = self.journal_max_bytes = 0
        self.partitions = chance.choice((1, 1, 2, 3))
        #: what workers are set to: perhaps fewer, they find the others
        self.worker_partitions = chance.choice((self.partitions, self.partitions, 1))
        #: workers end when the stream is drained, and begin again
        self.in_turns = chance.random() < 0.1
        self.claim_idle_ms = chance.choice((5_000, 20_000, 60_000))
        self.limits = Limits(
            max_entries=chance.choice((8, 50, 500)),
            max_age_ms=chance.choice((1, 30)),
            claim_idle_ms=self.claim_idle_ms,
            retention_s=chance.choice((60, 60, 3600)),
            stream_max_bytes=chance.choice((0, 1_000)),
        )
        redis_machine = self.machine("redis-host")
        redis_machine.ahead_ns = chance.choice((0, 0, 3 * NS, -3 * NS))
        self.redis = ModelRedis(lambda: redis_machine.wall_ns // 1_000_000, self._run_id())
        self.service = Service(self.scheduler, self.redis, self.faults, self.story, "Redis")
        self.service.wall_ms = lambda: redis_machine.wall_ns // 1_000_000
        self.service.on_command = self._on_command
        self.service.before_command = lambda argv: self.consuming.before(argv)
        self.simulated.services["redis"] = self.service
        redis_process = Process(redis_machine, "redis-server")
        redis_process.killable = False
        redis_process.start(self.service.run)
        self.database = StubbornDatabase(self.scheduler.pause, self.scheduler.wait)
        self.database.lose_commit_answer = lambda: self.faults.strikes("commit answer lost")
        self._patch()
        #: what the audit asks for and only worlds with journals have
        self.keeping, self.redis_troubles, self.blind = NoJournals(), WholeStreams(self.redis), False
        self.audit = Audit(self)
        self.consuming = ConsumingAudit(self)
        self.feeder = Feeder(self)
        for number in range(chance.choice((1, 1, 2, 3))):
            host = self.machine(f"worker-host-{chance.choice((1, 1, 2))}")
            self.program(host, f"worker {number + 1}", self._worker, at_end=self.consuming.gone)
        Nemesis(self).start()
        self.consumers_troubles = ConsumingNemesis(self)
        self.consumers_troubles.start()
        self.trial = LastTrial(self, self.feeder)

    @property
    def stream_keys(self) -> list[bytes]:
        """The keys of all partitions."""
        return [key.encode() for key in stream_keys(_STREAM, self.partitions)]

    @property
    def homes(self) -> list[Machine]:
        """The machines that have journals: none."""
        return []

    def check(self) -> None:
        self.audit.check()
        self.consuming.check()

    def is_settled(self) -> bool:
        if not self.trial.is_over():
            return False
        if not self.consuming.refused_left():
            self.feeder.over = True
        return self.audit.nothing_left() and self.consuming.nothing_left()

    def heal(self) -> None:
        self.service.alive = True
        self.service.unreachable.clear()
        self.redis.out_of_memory = self.redis.read_only = False
        self.database.away = self.database.locked = False
        self.database.refusing = lambda _entry: None
        self.consumers_troubles.heal()

    def settle(self) -> None:
        self.trial.begin()

    def verify(self) -> None:
        self.audit.verify()
        self.consuming.verify()

    def on_log(self, task: Task, record: logging.LogRecord) -> None:
        """A program said something."""
        self.consuming.heard(task, record)

    def cleanup(self) -> None:
        signaltape.journal.lock._open_fds.clear()
        for undo in self._undo:
            undo()

    def _patch(self) -> None:
        self._undo: list[Any] = []
        self._set(worker.loop, "connect", self._connect)
        self._set(worker.loop, "BatchWriter", ModelWriter)
        self._set(worker.loop, "socket", _Sockets(self.database))
        self._set(worker.loop, "sort_entries", self._sort_entries)

    def _sort_entries(self, entries: Sequence[ConsumedEntry]) -> Any:
        for entry in entries if self.consuming.poison else ():
            self.consumers_troubles.look(b"".join(entry.fields or ()))
        return sort_entries(entries)

    def _set(self, module: Any, name: str, value: Any) -> None:
        before = getattr(module, name)
        setattr(module, name, value)
        self._undo.append(lambda: setattr(module, name, before))

    def _connect(self, url: Any, *, name: str = "", autocommit: bool = True) -> Any:
        if self.consumers_troubles.opening_s:
            self.scheduler.sleep("a session", self.consumers_troubles.opening_s)
        session = self.database.connect(url, name=name, autocommit=autocommit)
        task = self.scheduler.current
        assert task is not None
        task.process.at_death.append(lambda: self.database.end_session(session))
        self.consuming.opened(session.number, task.process)
        return session

    def _worker(self, process: Process, stop: Event) -> None:
        while self.consumers_troubles.held_back and not stop.is_set():
            stop.wait(1.0)
        slot = Slot(self.path(process.machine, "home", "worker"))
        name = consumer_name(None, slot, process.machine.name)
        keys = stream_keys(_STREAM, self.worker_partitions)
        self.consuming.holds(name, process, stop)
        beyond = [stream_key(_STREAM, number) for number in range(self.worker_partitions, 4)]
        worker = Worker(
            lambda: Consumer(_URL, name, keys, WORKER_GROUP, beyond),
            Secret("postgresql://tables/db"),
            stop,  # type: ignore[arg-type]
            self.limits,
        )
        worker.run(once=self.in_turns)
        self.consuming.ended(process, worker.total)

    def restart_redis(self, data: object) -> None:
        """The server comes back with these data, as another run."""
        self.service.drop_all()
        self.redis.load(data, self._run_id())
        self.consuming.restored()

    def _run_id(self) -> str:
        return f"{self.chance.getrandbits(160):040x}"

    def _choose_rates(self) -> dict[str, float]:
        """Some runs have few kinds of troubles, some none that keep workers from telling what they have in hand."""
        rates, which = super()._choose_rates(), self.chance.random()
        if self.chance.random() < 0.75:  # what Redis forgets excuses much of what consumers do
            rates = {kind: rate for kind, rate in rates.items() if kind not in _FORGETTING}
        if which < 0.25:
            return {kind: rates[kind] for kind in self.chance.sample(sorted(rates), min(len(rates), 4))}
        if which < 0.5:
            return {kind: rate for kind, rate in rates.items() if kind in _HARMLESS}
        return rates

    def _on_fault(self, kind: str) -> None:
        super()._on_fault(kind)
        if kind not in _HARMLESS:
            self.consuming.rough = True
            self.consuming.unsaid_ns = self.scheduler.now_ns

    def _on_command(self, line: Line, argv: Sequence[bytes], answer: bytes | None) -> None:
        self.consuming.after(argv)
        command = argv[0].upper()
        if command == b"XADD" and answer is not None and answer[:1] == b"$":
            entry_id = answer.split(b"\r\n")[1].decode()
            fields = argv[3:]
            values = dict(zip(fields[::2], fields[1::2], strict=False))
            given = given_of(values[b"event"].decode(), values[b"data"])
            self.audit.added(argv[1].decode(), entry_id, given)
        elif command == b"XACK" and answer is not None and answer[:1] == b":":
            self.audit.acknowledged(argv[1].decode(), argv[2].decode(), [one.decode() for one in argv[3:]])


class NoJournals:
    """Nothing is kept, and nothing sent again."""

    def added(self, _given: Given) -> None:
        """Nobody shipped it."""

    def was_sent(self, _given: Given) -> bool:
        """All that is there was put there."""
        return True


class WholeStreams:
    """The streams as they are."""

    def __init__(self, redis: ModelRedis) -> None:
        self._redis = redis

    def entries(self, key: bytes) -> Any:
        """All entries of one."""
        return self._redis.entries(key)


class _Sockets:
    """The module `socket` in `worker.loop`: there only the line to Postgres is shut down by it."""

    SHUT_RDWR = 2

    def __init__(self, database: StubbornDatabase) -> None:
        self._database = database

    def socket(self, fileno: int) -> Any:
        return _Line(self._database, fileno)


class _Line:
    def __init__(self, database: StubbornDatabase, fileno: int) -> None:
        self._session = database.session_of(fileno)

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def shutdown(self, _how: int) -> None:
        if self._session is not None:
            self._session.shut_down()
