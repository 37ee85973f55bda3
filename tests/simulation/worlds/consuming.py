"""Consumers: a stream that is fed by hand, workers, tables. No engines: so minutes cost few steps."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import worker.loop
from consumer import batch_size, isolation, prefetcher, writing
from consumer.consumer import Consumer
from consumer.decoding.decode import decode_entries
from consumer.entry import Entry as ConsumedEntry
from consumer.limits import Limits
from consumer.link import RedisError
from consumer.names import Slot, consumer_name
from consumer.partitions import keys_beyond
from consumer.writing import SinkUnavailable
from signaltape.stream import WORKER_GROUP, stream_keys
from tests.simulation.kernel.machines import NS, Machine, Process, Task
from tests.simulation.kernel.network import Line
from tests.simulation.kernel.threads import Event
from tests.simulation.redis.model import ModelRedis
from tests.simulation.worlds.audit import Audit
from tests.simulation.worlds.audit_connections import NewConnections
from tests.simulation.worlds.audit_consuming import ConsumingAudit
from tests.simulation.worlds.consuming_base import ConsumingBase
from tests.simulation.worlds.consuming_rates import CONSUMING_MILD, CONSUMING_RATES, HARMLESS
from tests.simulation.worlds.feeding import Feeder
from tests.simulation.worlds.nemesis import Nemesis
from tests.simulation.worlds.nemesis_consuming import ConsumingNemesis
from tests.simulation.worlds.requeueing import Letters
from tests.simulation.worlds.streaming import DATABASE_URL, REDIS_URL, STREAM, STREAM_RATES
from tests.simulation.worlds.stubborn_tables import StubbornDatabase
from tests.simulation.worlds.trials import LastTrial
from tests.simulation.worlds.truth import Given
from worker.loop import Worker

_FORGETTING = (
    "Redis crashes and forgets",
    "Redis is flushed",
    "Redis evicts",
    "Redis fails over",
    "partition unreadable",
)
#: So long, by true time, after the last trial all must be done. Most take a minute, what is given up some more.
_SETTLED_WITHIN_S = 1500
#: What ends a worker: only that at its beginning it gets no slot.
_BEGINS_BY = (OSError,)
#: What ends a worker that only drains: the first trouble, whose name it says.
_ENDS_A_TURN = (*RedisError, SinkUnavailable)
_BOUNDS = (
    (isolation, "_MOST_REFUSED", 3),
    (isolation, "_MOST_WAITING", 2),
    (batch_size, "_FIRST", 2),
    (prefetcher, "BATCH_BYTES", 3_000),
    (prefetcher, "READ_COUNT", 5),
    (writing, "_MOST_IN_A_ROW", 3),
)


class ConsumingWorld(ConsumingBase):
    """Redis, workers and tables; every entry that Redis keeps ends in a table or as a dead letter, once."""

    name = "consuming"
    SETTLING_STEPS = 2_000_000  # thousands of entries may wait, and some of them are refused one by one
    RATES = {**STREAM_RATES, **CONSUMING_RATES}
    MILD = ("Postgres locked", *CONSUMING_MILD)

    def build(self) -> None:
        chance = self.chance
        self.prepare()
        self.segment_bytes = self.journal_max_bytes = 0
        self.partitions = chance.choice((1, 2, 3))
        self.worker_partitions = chance.choice((self.partitions, self.partitions, 1))
        self.in_turns = chance.random() < 0.15
        self.claim_idle_ms = chance.choice((5_000, 20_000, 60_000))
        self.limits = Limits(
            max_entries=chance.choice((8, 50, 500)),
            max_age_ms=chance.choice((1, 30)),
            claim_idle_ms=self.claim_idle_ms,
            retention_s=chance.choice((60, 60, 3600)),
            stream_max_bytes=chance.choice((0, 1_000)),
        )
        self._choose_bounds()
        #: the platform names the machines
        self.on_dynos = chance.random() < 0.3
        self.make_servers(StubbornDatabase)
        self.service.before_command = lambda argv: self.consuming.before(argv)
        self.put(worker.loop, "decode_entries", self._sort_entries)
        #: what the audit asks for and only worlds with journals have
        self.keeping, self.redis_troubles, self.blind = NoJournals(), WholeStreams(self.redis), False
        self.audit = Audit(self)
        self.consuming = ConsumingAudit(self)
        self.new_connections = NewConnections(self)
        self.feeder = Feeder(self, self.consuming)
        self.letters = Letters(self, lambda: self.consumers_troubles.foreign())
        for number in range(chance.choice((1, 1, 2, 3))):
            host = self.machine(f"worker-host-{chance.choice((1, 1, 2))}")
            self.program(
                host,
                f"worker {number + 1}",
                self._worker,
                foreseen=_ENDS_A_TURN if self.in_turns else _BEGINS_BY,
                at_end=self.consuming.gone,
            )
        Nemesis(self).start()
        self.consumers_troubles = ConsumingNemesis(self, self.letters)
        self.consumers_troubles.start()
        self.trial = LastTrial(self, self.consumers_troubles)

    @property
    def homes(self) -> list[Machine]:
        """The machines that have journals: none."""
        return []

    def check(self) -> None:
        self.audit.check()
        self.consuming.check()

    def is_settled(self) -> bool:
        if not self.trial.is_over():
            self._calm_ns = self.scheduler.now_ns
            return False
        if self.scheduler.now_ns - self._calm_ns > _SETTLED_WITHIN_S * NS:
            self.fail(
                "liveness", f"not settled {_SETTLED_WITHIN_S} s after the last fault: {self._whereabouts()}"
            )
        if self.letters.are_taken:
            return False
        if not self.consuming.refused_left():
            self.feeder.over = True
        done = self.audit.nothing_left() and self.consuming.nothing_left()
        return done and self.consuming.none_is_left()

    def heal(self) -> None:
        super().heal()
        self.consumers_troubles.heal()
        self.letters.heal()

    def settle(self) -> None:
        self._calm_ns = self.scheduler.now_ns
        self.trial.begin()

    def verify(self) -> None:
        self.audit.verify()
        self.consuming.verify()

    def on_log(self, task: Task, record: logging.LogRecord) -> None:
        """A program said something."""
        self.consuming.heard(task, record)

    def _choose_bounds(self) -> None:
        """Some runs have small ones: what lies beyond is then reached by few entries."""
        for module, name, small in _BOUNDS:
            if self.chance.random() < 0.3:
                self.put(module, name, small)

    def _sort_entries(self, entries: Sequence[ConsumedEntry]) -> Any:
        for entry in entries if self.consuming.poison else ():
            self.consumers_troubles.look(b"".join(entry.fields or ()))
        return decode_entries(entries)

    def connect(self, url: Any, **how: Any) -> Any:
        if self.consumers_troubles.postgres.opening_s:
            self.scheduler.sleep("a session", self.consumers_troubles.postgres.opening_s)
        session = super().connect(url, **how)
        task = self.scheduler.current
        assert task is not None
        self.consuming.opened(session.number, task.process)
        return session

    def _worker(self, process: Process, stop: Event) -> None:
        while self.consumers_troubles.held_back and not stop.is_set():
            stop.wait(1.0)
        slot = Slot(self.path(process.machine, "home", "worker"))
        dyno = process.machine.name.replace("worker-host-", "worker.") if self.on_dynos else None
        name = consumer_name(dyno, slot, process.machine.name)
        keys = stream_keys(STREAM, self.worker_partitions)
        self.consuming.holds(name, process, stop)
        beyond = keys_beyond(STREAM, self.worker_partitions)[:3]  # of 253: to ask for each takes steps
        worker = Worker(
            lambda: Consumer(REDIS_URL, name, keys, WORKER_GROUP, beyond),
            DATABASE_URL,
            stop,  # type: ignore[arg-type]
            self.limits,
        )
        worker.run(once=self.in_turns)
        self.consuming.ended(process, worker.total)

    def restart_redis(self, data: object) -> None:
        """The server comes back with these data, as another run."""
        super().restart_redis(data)
        self.consuming.restored()

    def _choose_rates(self) -> dict[str, float]:
        """Some runs have one or two troubles of consumers again and again, some few of any kind, some none that keep
        workers from telling what they have in hand.
        """
        rates, which, chance = super()._choose_rates(), self.chance.random(), self.chance
        if chance.random() < 0.4:
            few = dict.fromkeys(chance.sample(sorted(CONSUMING_RATES), chance.choice((1, 1, 2))), 1.0)
            beside = chance.sample(sorted(STREAM_RATES.keys() - set(_FORGETTING)), chance.choice((0, 2, 5)))
            return {**{kind: STREAM_RATES[kind] for kind in sorted(beside)}, **few}
        if self.chance.random() < 0.75:  # what Redis forgets excuses much of what consumers do
            rates = {kind: rate for kind, rate in rates.items() if kind not in _FORGETTING}
        if which < 0.25:
            return {kind: rates[kind] for kind in self.chance.sample(sorted(rates), min(len(rates), 4))}
        if which < 0.5:
            return {kind: rate for kind, rate in rates.items() if kind in HARMLESS}
        return rates

    def _on_fault(self, kind: str) -> None:
        super()._on_fault(kind)
        if kind not in HARMLESS:
            self.consuming.rough = True
            self.consuming.unsaid_ns = self.scheduler.now_ns

    def on_command(self, line: Line, argv: Sequence[bytes], answer: bytes | None) -> None:
        self.consuming.after(argv, answer, of_the_dead=line.closed or line.reset)
        if not (line.closed or line.reset):
            self.new_connections.after(line, argv)
        if argv[0].upper() != b"XADD":
            super().on_command(line, argv, answer)
        elif answer is not None and answer.startswith(b"$"):
            self.letters.came(argv[1].decode(), answer.split(b"\r\n")[1].decode(), argv[3:])


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
