"""Redis goes, or another one comes, while consumers have batches in hand; entries and partitions that vanish."""

from __future__ import annotations

import random

from signaltape.stream import WORKER_GROUP
from tests.simulation.redis.ids import show
from tests.simulation.worlds.consuming_acts import Act, Acts
from tests.simulation.worlds.consuming_base import ConsumingBase
from tests.simulation.worlds.truth import streamed


class StreamTroubles(Acts):
    """What goes wrong with the stream while workers are at it."""

    def __init__(self, world: ConsumingBase, chance: random.Random) -> None:
        super().__init__(world, chance)
        self._client = world.redis.connect()
        #: keys of partitions that hold something else now
        self._unreadable_keys: set[str] = set()

    def acts(self) -> dict[str, Act]:
        """By kind."""
        return {
            "entries deleted": self._delete,
            "partition unreadable": self._unreadable,
            "Redis fails over": self._fail_over,
            "Redis crashes amid a batch": self._crash_amid,
            "Redis crashes, one worker waits": self._crash_while_one_waits,
            "Redis crashes at a commit": self._crash_at_commits,
        }

    def heal(self) -> None:
        """All is well."""
        self.world.database.holds_one_up = lambda _session: False
        self.world.database.on_commit = lambda: None
        for key in sorted(self._unreadable_keys):
            self._readable(key)

    def spoil(self, key: str) -> None:
        """Something else stands in the place of a partition."""
        self.world.redis_forgot = True
        self.world.redis.evict(key.encode())
        self.world.redis.execute(self._client, [b"SET", key.encode(), b"no stream"])
        self._unreadable_keys.add(key)

    def _readable(self, key: str) -> None:
        self.world.redis.execute(self._client, [b"DEL", key.encode()])
        self._unreadable_keys.discard(key)

    def _unreadable(self, seconds: float) -> None:
        keys = self.world.stream_keys
        if len(keys) < 2 or self._unreadable_keys:
            return
        self.spoil(self.chance.choice(keys).decode())
        key = next(iter(self._unreadable_keys))
        self.last(seconds, lambda: self._readable(key), f"{key} of the wrong type")

    def _delete(self, _seconds: float) -> None:
        """Some of what is pending; perhaps those who hold it begin again, and read it once more."""
        begins_again = self.chance.choice((None, None, self.kill_workers, self.world.service.drop_all))
        if begins_again is None:
            self._delete_now()
            return

        def act() -> None:
            self.world.database.locked = True
            self.world.feeder.feed(10)
            self.rest("entries in hand", 1.0)
            self._delete_now()
            begins_again()
            self.world.disturb()
            self.world.database.locked = False

        self.spawn(act)

    def _delete_now(self) -> None:
        world, chance = self.world, self.chance
        for key in sorted(world.redis.streams()) if world.service.alive else ():
            entries = dict(world.redis.entries(key))
            pending = [one for one in world.redis.pending(key, WORKER_GROUP.encode()) if one in entries]
            for one in chance.sample(pending, min(len(pending), 3)):
                place = key.decode(), show(one).decode()
                if place not in world.consuming.foreign:
                    for given in streamed([(one, entries[one])]):
                        world.truth.excused.add(given)
                        world.consuming.refused.discard(given.token)
                world.consuming.deleted(*place)
                world.story.tell("world", f"{place[1]} of {place[0]} is deleted by hand")
                world.redis.delete_entry(key, one)

    def _fail_over(self, _seconds: float) -> None:
        """Another server takes over with what it had some time ago, while workers wait for Postgres."""
        world, chance = self.world, self.chance

        def act() -> None:
            data, before_s = world.redis.save(), chance.choice((0.3, 2.0, 5.0))
            self.rest("a failover", before_s)
            world.database.locked = True
            self.rest("workers to wait for Postgres", chance.choice((1.0, 4.0)))
            world.redis_forgot = True
            world.restart_redis(data)
            world.story.tell("world", f"another Redis takes over, {before_s} s behind")
            self.rest("Postgres", 1.0)
            world.database.locked = False
            world.disturb()

        self.spawn(act)

    def _crash_amid(self, _seconds: float) -> None:
        """Redis is away while workers have batches in hand; these are written before it is back, or afterwards."""
        world, chance = self.world, self.chance
        away_s, written_first = chance.choice((1.0, 3.0, 8.0, 25.0)), chance.random() < 0.6

        def act() -> None:
            world.database.locked = True
            self.rest("batches in hand", 0.5 + 3.0 * chance.random())
            if world.service.alive:
                self._go(away_s / 2)
                world.database.locked = not written_first
                self.rest("the crash of Redis", away_s / 2)
                self._come_back()
                self.rest("Postgres", 8.0)
            world.database.locked = False

        self.spawn(act)

    def _crash_while_one_waits(self, _seconds: float) -> None:
        """One worker waits for a lock in Postgres, the others have nothing in hand; Redis is away for long."""
        world, idle_s = self.world, self.world.claim_idle_ms / 1000
        workers = self.workers()
        if not workers or not world.service.alive:
            return
        held = self.chance.choice(workers).process
        away_s = idle_s * self.chance.choice((0.5, 1.0, 1.5))

        def act() -> None:
            world.database.holds_one_up = lambda session: world.consuming.owner(session) is held
            world.feeder.feed(20)
            self.rest("entries in hand", 1.0 + 5.0 * self.chance.random())
            if world.service.alive:
                self._go(away_s)
                self._come_back()
                self.rest("a lock", 0.5 * idle_s)
            world.database.holds_one_up = lambda _session: False

        self.spawn(act)

    def _crash_at_commits(self, seconds: float) -> None:
        """What is written then cannot be acknowledged at once."""
        database = self.world.database

        def crash() -> None:
            if self.world.service.alive and self.world.faults.active:
                self._go(self.chance.choice((0.1, 1.0, 4.0)))
                self._come_back()

        def on_commit() -> None:
            if self.chance.random() < 0.3:
                self.spawn(crash)

        database.on_commit = on_commit
        self.last(min(seconds, 40.0), lambda: setattr(database, "on_commit", lambda: None), "the crashes")

    def _go(self, seconds: float) -> None:
        world = self.world
        world.service.alive = False
        self._data = world.redis.save()
        world.service.drop_all()
        self.rest("the crash of Redis", seconds)

    def _come_back(self) -> None:
        world = self.world
        if not world.service.alive:
            world.restart_redis(self._data)
            world.service.alive = True
            world.story.tell("world", "Redis is back, amid a batch")
        world.disturb()
