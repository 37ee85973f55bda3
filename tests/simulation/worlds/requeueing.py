"""Somebody sends dead letters through again, beside running workers: the product's operation, on tables in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

import sink.dead_letters
import worker.operations
from consumer.accepted import DeadLetter
from consumer.decoding.dead_fields import unpack_fields
from signaltape.clock import utc_now
from signaltape.errors import SignaltapeError
from signaltape.settings import Secret, Settings
from signaltape.stream import FIELD_FIRST_ENTRY_ID
from sink.dead_letters import Filter, Letter
from tests.simulation.kernel.machines import Process
from tests.simulation.tables.session import ModelConnection
from tests.simulation.worlds.consuming_base import ConsumingBase
from tests.simulation.worlds.streaming import DATABASE_URL, REDIS_URL, STREAM
from tests.simulation.worlds.truth import streamed

_KIND, _WITHOUT_MEMORY = _KINDS = ("dead letters requeued", "Redis refuses dead letters")
#: So many letters are a transaction.
_FEW = 3
_REASONS = (None, None, "refuses it", "ended its worker")


class Letters:
    """What dead letters hold, and whoever requeues them now and then while there are faults.

    make_one: puts an entry into the stream that only can become one.
    """

    def __init__(self, world: ConsumingBase, make_one: Callable[[], None]) -> None:
        self._world = world
        self._make_one = make_one
        self._seen: dict[tuple[str, str], DeadLetter] = {}
        #: what came again: streams, and fields with their values
        self._again: set[tuple[str, tuple[bytes, ...]]] = set()
        self._chance = world.faults.chance(_KIND)
        self._process: Process | None = None
        world.database.on_deleted = self._taken_out
        world.put(sink.dead_letters, "take_all", self._take_all)
        world.put(worker.operations, "connect", self._connect)
        if any(kind in world.faults.rates for kind in _KINDS):
            office = Process(world.machine("nowhere"), "office")
            office.killable = False
            office.start(self._run)

    def heal(self) -> None:
        """Whoever waits for an answer that was lost gives up, as a person does before the time is out."""
        if self._process is not None:
            self._process.kill()

    @property
    def are_taken(self) -> bool:
        """Whether somebody is at it."""
        return self._process is not None and not self._process.dead

    def look(self, entry: Any) -> None:
        """Something is about to be written."""
        if isinstance(entry, DeadLetter):
            self._seen[entry.stream, entry.entry_id] = entry

    def came(self, key: str, entry_id: str, fields: Sequence[bytes]) -> None:
        """An entry is in the stream again."""
        self._again.add((key, tuple(fields)))
        for given in streamed([(entry_id, fields)]):
            if given.token:
                self._world.audit.added(key, entry_id, given)
                self._world.consuming.fed(key, entry_id, given)
                return
        self._world.consuming.foreign.add((key, entry_id))

    def _run(self) -> None:
        world, every_s, number = self._world, self._chance.choice((5.0, 40.0)), 0
        while True:
            world.scheduler.sleep("a look at dead letters", every_s * self._chance.random())
            if not world.faults.active:
                return
            if not world.database.dead_letters:
                self._make_one()
            if self.are_taken or not world.database.dead_letters:
                continue
            kind = self._chance.choice(_KINDS)
            if not world.faults.strikes(kind):
                continue
            number += 1
            self._process = Process(world.machine("desk-1"), f"requeue {number}")
            self._process.foreseen = (psycopg.Error,)  # as whatever a task loses Postgres by
            self._process.start(self._requeue)
            if kind == _WITHOUT_MEMORY:
                world.redis.out_of_memory = True
                world.scheduler.sleep("memory of Redis", 0.01 + self._chance.random())
                world.redis.out_of_memory = False

    def _requeue(self) -> None:
        process, which = self._process, Filter(reason=self._chance.choice(_REASONS))
        assert process is not None
        settings = Settings(redis_url=REDIS_URL, database_url=DATABASE_URL, stream=STREAM)
        try:
            done = worker.operations.requeue_dead_letters(settings, which, everything=True)
        except SignaltapeError as error:
            self._say(str(error))
        else:
            self._say(f"requeued {done.requeued} letter(s); refused: {len(done.refused)}")
        process.kill()

    def _say(self, text: str) -> None:
        task = self._world.scheduler.current
        if task is not None:
            self._world.story.tell(task.process.name, f"says: {text}")

    @contextmanager
    def _connect(self, url: Secret, name: str) -> Iterator[ModelConnection]:
        session = self._world.connect(url, name=name)
        try:
            yield session
        finally:
            session.close()

    def _take_all(
        self,
        session: ModelConnection,
        which: Filter,
        handle: Callable[[Sequence[Letter]], Sequence[Letter]],
        **_options: Any,
    ) -> int:
        """As the product's: a few at a time, each few in a transaction; those that `handle` returns are deleted."""
        database, total = self._world.database, 0
        session.statement("the newest letter")
        there = [
            place
            for place, reason in database.dead_letters.items()
            if which.reason is None or which.reason in reason
        ]
        while there:
            few, there = there[:_FEW], there[_FEW:]
            with session.savepoint():
                session.touch("begin")
                session.statement("take dead letters")
                letters = [self._letter(place) for place in few if place in database.dead_letters]
                gone = [(one.stream, one.entry_id) for one in handle(letters)]
                session.statement("delete dead letters")
                for place in gone:
                    session.delete("dead_letters", place)
                session.commit([])
            total += len(gone)
        return total

    def _letter(self, place: tuple[str, str]) -> Letter:
        held = self._seen[place]
        fields = unpack_fields(held.fields)
        if held.raw:
            fields[b"data"] = held.raw
        return Letter(0, *place, utc_now(), fields)

    def _taken_out(self, place: tuple[str, str]) -> None:
        """A dead letter is no more: only if its entry is there again, with the id that it had at first."""
        fields = {FIELD_FIRST_ENTRY_ID: place[1].encode(), **self._letter(place).fields}
        if (place[0], tuple(part for pair in fields.items() for part in pair)) not in self._again:
            self._world.fail("nothing is lost", f"the dead letter {place} is gone, and did not come again")
        self._world.story.tell("Postgres", f"the dead letter {place[1]} of {place[0]} is gone")
        self._world.consuming.foreign.discard(place)
        self._world.audit.taken_out(place)
