"""The spine: engines with journals, shippers, a stream, workers, tables."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Sequence

import signaltape.journal.lock
import signaltape.own_journals
import signaltape.shipping.forgetting
import signaltape.shipping.journal
import signaltape.shipping.service
from consumer.consumer import Consumer
from consumer.limits import Limits
from consumer.names import Slot, consumer_name
from signaltape.shipping.journal import BATCH_EVENTS
from signaltape.shipping.service import ship_forever
from signaltape.stream import WORKER_GROUP, stream_key, stream_keys
from tests.simulation.kernel.machines import Machine, Process, Task
from tests.simulation.kernel.network import Line
from tests.simulation.kernel.threads import Event
from tests.simulation.tables.database import ModelDatabase
from tests.simulation.worlds.amid import Amid
from tests.simulation.worlds.audit import Audit
from tests.simulation.worlds.damage import Damage
from tests.simulation.worlds.keeping import Keeping
from tests.simulation.worlds.lasting import Lasting
from tests.simulation.worlds.order import Order
from tests.simulation.worlds.redis_troubles import RedisTroubles
from tests.simulation.worlds.ship_once import ShipOnce
from tests.simulation.worlds.spine_base import SpineBase
from tests.simulation.worlds.spine_nemesis import SpineNemesis
from tests.simulation.worlds.spine_rates import RATES
from tests.simulation.worlds.spine_stages import staged
from tests.simulation.worlds.streaming import DATABASE_URL, REDIS_URL, STREAM
from tests.simulation.worlds.unread import Unread
from tests.simulation.worlds.verdict import Report
from tests.simulation.worlds.workload import Workload
from worker.loop import Worker

#: So many events an engine still gives when faults have ended, if what becomes of them is the point.
_FAREWELLS = 3
#: What ends a worker: only that at its beginning it gets no slot.
_BEGINS_BY = (OSError,)


class SpineWorld(SpineBase):
    """Engines, shippers, Redis, workers and tables; every event stored once, whatever happens."""

    name = "spine"
    RATES = RATES

    MILD = ("Postgres locked", "dawdles")
    keeping: Keeping
    damage: Damage
    order: Order
    lasting: Lasting
    redis_troubles: RedisTroubles
    workloads: list[Workload]
    shipped_once: dict[Machine, ShipOnce]

    def build(self) -> None:
        chance, stage = self.chance, self.stage
        self.prepare()
        self.partitions = chance.choice(stage.partitions)
        self.claim_idle_ms = chance.choice((5_000, 20_000, 60_000))
        self.blind = False
        self.keep_s = chance.choice(stage.keep_s)
        self.segment_bytes = chance.choice(stage.segment_bytes)
        self.journal_max_bytes = stage.most_bytes(self.segment_bytes, chance)
        self.limits = Limits(
            max_entries=chance.choice(stage.max_entries),
            max_age_ms=chance.choice((1, 30)),
            claim_idle_ms=self.claim_idle_ms,
            retention_s=chance.choice(stage.retention_s),
        )
        self.make_servers(ModelDatabase)
        self.put(signaltape.shipping.service, "POLL_S", 0.2)
        self.batch_events = chance.choice(stage.batch_events)
        self.put(signaltape.shipping.journal, "BATCH_EVENTS", self.batch_events)
        self.margin_s = 60.0 if "clock jumps" in self.faults.rates else chance.choice(stage.margin_s)
        self.put(signaltape.shipping.forgetting, "RESEND_MARGIN_S", self.margin_s)
        self.put(signaltape.shipping.journal, "RESEND_MARGIN_S", self.margin_s)
        self.pace = chance.choice(stage.paces)
        self.audit = Audit(self)
        self.keeping = Keeping(self)
        self.redis_troubles = RedisTroubles(self)
        self.unread = Unread(self)
        self.damage = Damage(self)
        self.order = Order(self)
        self.amid = Amid(self)
        self.lasting = Lasting(self)
        self.workloads = []
        self.file_errors = Counter()
        self.shipped_once = {}
        for number in range(chance.choice((1, 1, 2))):
            self._build_engines(self.machine(f"engine-host-{number + 1}"))
        for number in range(chance.choice((1, 1, 2, 3))):
            host = self.machine(f"worker-host-{chance.choice((1, 1, 2))}")
            self.program(host, f"worker {number + 1}", self._worker, foreseen=_BEGINS_BY)
        SpineNemesis(self, self.keeping, self.redis_troubles, self.unread, self.damage).start()

    def run(self, steps: int) -> Report:
        return super().run(min(steps, self.stage.most_steps))

    def check(self) -> None:
        self.audit.check()
        for shipper in self.shipped_once.values():
            shipper.check()

    def is_settled(self) -> bool:
        self.damage.check_last()
        if self.lasting.begun:
            self.lasting.end_if_rest_is_done()
            return False
        self.audit.check_given_again()
        return self.audit.nothing_left() and self.keeping.is_tidy()

    def heal(self) -> None:
        super().heal()
        signaltape.shipping.journal.BATCH_EVENTS = BATCH_EVENTS
        for machine in self.machines.values():
            machine.full = False
        self.redis_troubles.heal()
        self.unread.heal()
        for workload in self.workloads:
            workload.over = True
        self.lasting.begin()
        if self.damage.begin_last():
            for workload in self.workloads:
                workload.farewells = _FAREWELLS
        if self.damage.holds_up:  # what follows lost bytes may wait for its engine's end
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
        for emitter in [*signaltape.own_journals._with_journal, *signaltape.own_journals._open]:
            if type(emitter._settings.home).__name__ == "SimulatedPath":
                signaltape.own_journals._with_journal.discard(emitter)
                signaltape.own_journals._open.discard(emitter)
        super().cleanup()

    def _build_engines(self, machine: Machine) -> None:
        chance = self.chance
        who_ships = chance.choice(self.stage.who_ships) or self._who_ships()
        ships_itself = who_ships == "themselves"
        for number in range(chance.choice((1, 1, 2))):
            workload = Workload(self, f"{machine.name}/{number}", ship=ships_itself)
            self.workloads.append(workload)
            self.program(
                machine, f"engine {machine.name[-1]}{number + 1}", workload.run, at_end=self._shipping_ends
            )
        if who_ships == "once":
            self.shipped_once[machine] = ShipOnce(self, self.stage.hurries)
            name = f"ship once {machine.name[-1]}"
            self.program(machine, name, self.shipped_once[machine].run, at_end=self._shipping_ends)
            return
        for number in range(0 if ships_itself and chance.random() < 0.6 else chance.choice((1, 1, 2))):
            self.program(
                machine, f"shipper {machine.name[-1]}{number + 1}", self._shipper, at_end=self._shipping_ends
            )

    def _who_ships(self) -> str:
        if self.chance.random() < 0.5:
            return "themselves"
        return "once" if self.chance.random() < 0.4 else "others"

    def _shipping_ends(self, _process: Process) -> None:
        self.keeping.hitch()

    def _choose_rates(self) -> dict[str, float]:
        self.stage, rates = staged(super()._choose_rates(), self.chance, self.seed)
        return rates

    def _on_fault(self, kind: str) -> None:
        super()._on_fault(kind)
        self.keeping.on_fault(kind)

    def _trouble(self, operation: str, path: str) -> None:
        try:
            self._touch(operation, path)
        except OSError:
            self.file_errors[self.disk.process] += 1
            raise

    def _touch(self, operation: str, path: str) -> None:
        super()._trouble(operation, path)
        self.order.on_touch(operation, path)
        self.keeping.on_touch(operation, path)
        if self.lasting.broken and path.startswith(self.lasting.broken):
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        self.amid.on_touch(operation, path)

    def _at_pause(self, task: Task) -> None:
        where = task.where
        super()._at_pause(task)
        if self.faults.active:
            self.amid.at_pause(task, where)

    def _shipper(self, process: Process, stop: Event) -> None:
        since = self.keeping.resend_since(process)
        ship_forever(self.settings(process.machine), stop, resend_since=since)  # type: ignore[arg-type]

    def _worker(self, process: Process, stop: Event) -> None:
        slot = Slot(self.path(process.machine, "home", "worker"))
        name = consumer_name(None, slot, process.machine.name)
        keys = stream_keys(STREAM, self.partitions)
        beyond = [stream_key(STREAM, number) for number in range(self.partitions, self.partitions + 2)]
        Worker(
            lambda: Consumer(REDIS_URL, name, keys, WORKER_GROUP, beyond),
            DATABASE_URL,
            stop,  # type: ignore[arg-type]
            self.limits,
        ).run()

    def restart_redis(self, data: object) -> None:
        """The server comes back with these data, as another run."""
        super().restart_redis(data)
        self.redis_troubles.restarted()

    def on_command(self, line: Line, argv: Sequence[bytes], answer: bytes | None) -> None:
        self.redis_troubles.on_command(argv)
        self.unread.on_command(line, argv)
        super().on_command(line, argv, answer)
        if argv[0].upper() == b"XADD" and (answer is None or answer[:1] != b"$"):
            self.keeping.hitch()  # what stands behind it may be taken, and comes again
