"""Entries put into the stream directly, as shippers do: runs without engines, in which minutes cost few steps."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from signaltape.stream import route, stream_key
from tests.simulation.kernel.machines import Process
from tests.simulation.worlds.audit_consuming import ConsumingAudit
from tests.simulation.worlds.streaming import StreamWorld
from tests.simulation.worlds.truth import Given, Key
from tests.support.samples import published, triggered

_TIMES = {"signal_published": "ts_published", "signal_triggered": "ts_triggered", "state_event": "timestamp"}
_OF_A_KIND: dict[str, Callable[[str], dict[str, Any]]] = {
    "signal_published": published,
    "signal_triggered": triggered,
    "state_event": lambda one: {"id": one, "symbol": "SOL-USDT-SWAP", "eventType": "ENTRY"},
}
#: No more come while so many wait: a backlog of thousands takes steps and shows nothing new.
_MOST_WAITING = 500


class Feeder:
    """Adds events to the stream until it is `over`. What Redis took it must keep; no journal has it."""

    def __init__(self, world: StreamWorld, consuming: ConsumingAudit) -> None:
        self._world = world
        self._consuming = consuming
        self._number = 0
        self._earlier: list[tuple[str, str, bytes]] = []
        self._client = world.redis.connect()
        #: no more events are to come
        self.over = False
        process = Process(world.machine("nowhere"), "feeder")
        process.killable = False
        self._chance = process.random
        process.start(self._run)

    def feed(self, count: int) -> None:
        """Add some events, if Redis takes them."""
        for _ in range(count):
            if self._earlier and self._chance.random() < 0.05:
                self._add(*self._chance.choice(self._earlier))
            else:
                self._add(*self._new())

    def _run(self) -> None:
        every_s = self._chance.choice((0.3, 2.0, 10.0, 30.0))
        while True:
            if not self.over and self._waiting < _MOST_WAITING:
                self.feed(self._chance.choice((1, 1, 2, 5, 30)))
            self._world.scheduler.sleep("the next events", self._chance.random() * every_s)

    @property
    def _waiting(self) -> int:
        """How many are in no table yet, about."""
        database = self._world.database
        return self._number - len(database.events) - len(database.records) - len(database.dead_letters)

    def _new(self) -> tuple[str, str, bytes]:
        chance = self._chance
        self._number += 1
        name = chance.choice(sorted(_OF_A_KIND))
        one = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        data = {
            **_OF_A_KIND[name](one),
            "token": f"fed-{self._number}",
            _TIMES[name]: "2026-01-05T00:00:00.000216Z",
        }
        fed = name, one, msgspec.json.encode(data)
        if len(self._earlier) < 50:
            self._earlier.append(fed)
        return fed

    def _add(self, name: str, one: str, data: bytes) -> None:
        world = self._world
        key = stream_key("signaltape", route(one) % world.partitions)
        token = msgspec.json.decode(data)["token"]
        given = Given(Key(one, "record" if name == "state_event" else name), token)
        entry_id = self.put(key, [b"event", name.encode(), b"data", data])
        if entry_id is not None:
            world.truth.attempt(given)
            world.truth.accept(given)
            world.truth.only_streamed.add(given)
            self._consuming.fed(key, entry_id, given)
            world.audit.added(key, entry_id, given)

    def put(self, key: str, fields: Sequence[bytes]) -> str | None:
        """Put an entry into a stream; its id, None if Redis refuses it or is away."""
        if not self._world.service.alive:
            return None
        answer = self._world.redis.execute(self._client, [b"XADD", key.encode(), b"*", *fields])
        if answer is None or not answer.startswith(b"$"):
            return None
        self._world.service.wake()
        return answer.split(b"\r\n")[1].decode()
