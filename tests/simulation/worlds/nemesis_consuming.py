"""What troubles consumers: now this, now that, or in one run the same again and again; and entries that do."""

from __future__ import annotations

from typing import Any

from tests.simulation.worlds.consuming_acts import Act, Acts
from tests.simulation.worlds.consuming_base import ConsumingBase
from tests.simulation.worlds.postgres_troubles import PostgresTroubles
from tests.simulation.worlds.requeueing import Letters
from tests.simulation.worlds.stream_troubles import StreamTroubles
from tests.simulation.worlds.truth import given_of

#: With fewer kinds than this a run is about them.
_FEW = 5
_FOREIGN: tuple[list[bytes], ...] = (
    [b"what", b"is this"],
    [b"event", b"signal_published"],
    [b"event", b"nobody_knows", b"data", b"{}"],
    [b"event", b"signal_published", b"data", b"{}"],
    [b"event", b"state_event", b"data", b"{}", b"replay", b"1"],
)


class ConsumingNemesis(Acts):
    """Draws a trouble of consumers every so often; each lasts for a while."""

    def __init__(self, world: ConsumingBase, letters: Letters) -> None:
        super().__init__(world, world.faults.chance("consuming nemesis"))
        self._letters = letters
        self.postgres = PostgresTroubles(world, self.chance)
        self.stream = StreamTroubles(world, self.chance)
        self._acts: dict[str, Act] = {
            **self.postgres.acts(),
            **self.stream.acts(),
            "row refused": lambda _seconds: self._refuse_a_row(),
            "poison": lambda _seconds: self._choose(world.consuming.poison),
            "foreign entries": lambda _seconds: self.foreign(),
            "workers held back": self._hold_back,
            "workers die amid a batch": lambda _seconds: self._die_amid(),
            "Redis is full as workers begin again": lambda _seconds: self._die_amid(memory=False),
        }
        self.held_back = False
        world.database.stubborn(self._refusal)

    def start(self) -> None:
        """Begin."""
        self.spawn(self._run)

    def heal(self) -> None:
        """All is well, but what is refused or deadly by itself stays so."""
        self.postgres.heal()
        self.stream.heal()
        self.held_back = False

    def look(self, data: bytes) -> None:
        """A worker looks at an entry: of some it dies."""
        world, task = self.world, self.world.scheduler.current
        for token in sorted(world.consuming.poison):
            if b'"%s"' % token.encode() in data and task is not None:
                world.story.tell(task.process.name, f"dies of {token}")
                world.disturb()
                task.process.kill()

    def _run(self) -> None:
        world, chance = self.world, self.chance
        kinds = [kind for kind in self._acts if kind in world.faults.rates]
        # of few kinds one is to be over before the next begins
        every_s = chance.choice((10.0, 60.0, 150.0) if len(kinds) < _FEW else (3.0, 15.0, 60.0))
        while kinds:
            self.rest("trouble", chance.random() * every_s)
            kind = chance.choice(kinds)
            if chance.random() >= world.faults.rates[kind]:
                continue
            for_s = chance.choice((1.0, 8.0, 40.0, 130.0, 400.0))
            if world.faults.happens(kind, f"for {for_s} s"):
                self._acts[kind](for_s)

    def _refuse_a_row(self) -> None:
        if not self.world.in_turns:  # who ends when the stream is drained gives nothing up
            self._choose(self.world.consuming.refused)

    def _choose(self, chosen: set[str]) -> None:
        """One of the events that are in no table yet is to be special, if there are not too many of them."""
        world = self.world
        there = world.audit.not_stored()
        tokens = {given.token for given in there if given not in world.truth.excused}
        tokens -= world.consuming.poison | world.consuming.refused
        if tokens and len(chosen) < 2:
            token = self.chance.choice(sorted(tokens))
            chosen.add(token)
            world.truth.excused |= {given for given in there if given.token == token}
            world.story.tell("world", f"{token} is special from now on")

    def _refusal(self, entry: Any) -> str | None:
        """What Postgres says to a row; a worker may die of it."""
        self._letters.look(entry)
        state = self.postgres.refusal(entry)
        if state is not None or not hasattr(entry, "payload"):
            return state
        self.look(entry.payload)
        refused = self.world.consuming.refused
        return "XX000" if refused and given_of(entry.name, entry.payload).token in refused else None

    def foreign(self) -> None:
        """Somebody else's entry, which only can become a dead letter."""
        world = self.world
        key = self.chance.choice(world.stream_keys).decode()
        entry_id = world.feeder.put(key, self.chance.choice(_FOREIGN))
        if entry_id is not None:
            world.consuming.foreign.add((key, entry_id))

    def _die_amid(self, *, memory: bool = True) -> None:
        """Workers die with the same in hand until all of it gets isolated attempts; then Postgres starts again."""
        world, chance = self.world, self.chance

        def act() -> None:
            world.database.locked = True
            world.feeder.feed(20)
            for _ in range(chance.choice((1, 3, 6))):
                self.rest("entries in hand", 10.0)
                self.kill_workers()
                world.disturb()
            world.redis.out_of_memory = not memory
            world.database.locked = False
            for _ in range(chance.choice((0 if memory else 10, 30))):
                self.rest("Postgres to be started again", 0.5 * chance.random())
                for session in list(world.database.sessions):
                    world.database.cut(session, "57P01")
            world.redis.out_of_memory = False

        self.spawn(act)

    def _hold_back(self, seconds: float) -> None:
        """All workers end, and none begins for a while."""
        self.held_back = True
        self.stop_workers()

        def over() -> None:
            self.held_back = False

        self.last(max(seconds, 70.0), over, "the absence of workers")
