"""Last trials that go by a script: at its end nothing is wrong any more, and all must come to rest."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.simulation.kernel.machines import NS
from tests.simulation.worlds.consuming_base import ConsumingBase
from tests.simulation.worlds.nemesis_consuming import ConsumingNemesis

Script = Callable[[ConsumingBase, ConsumingNemesis, random.Random], None]
#: Within so long every worker that died has begun again, and has something in hand.
_BEGUN_AGAIN_S = 12.0
#: By then what is refused was given out often enough, and was refused in isolated attempts more than once.
_ISOLATED_S = 450.0
#: Longer than anything is waited for.
_FOR_GOOD_S = 1e6


def _die_amid(world: ConsumingBase, troubles: ConsumingNemesis, chance: random.Random) -> None:
    """Workers die again and again with the same entries in hand, while Postgres is locked."""
    world.database.locked = True
    world.feeder.feed(chance.choice((10, 100)))
    for _ in range(chance.choice((1, 2, 6))):
        world.scheduler.sleep("entries in hand", _BEGUN_AGAIN_S)
        troubles.kill_workers()
    world.disturb()
    world.database.locked = False


def _take_over(world: ConsumingBase, _troubles: ConsumingNemesis, _chance: random.Random) -> None:
    """Another Redis takes over between two commands, with entries pending that were acknowledged since."""
    world.database.locked = True
    world.feeder.feed(5)
    world.scheduler.sleep("entries in hand", _BEGUN_AGAIN_S)
    data = world.redis.save()
    world.database.locked = False
    world.scheduler.sleep("all to be acknowledged", _BEGUN_AGAIN_S)
    world.database.locked = True
    for _ in range(8):
        world.feeder.feed(3)
        world.scheduler.sleep("batch after batch", 0.3)
    world.redis_forgot = True
    world.restart_redis(data)
    world.disturb()
    world.story.tell("world", "another Redis takes over, some seconds behind")
    world.database.locked = False


def _be_away(world: ConsumingBase, troubles: ConsumingNemesis, _chance: random.Random) -> None:
    """No worker is there until what waits is older than the stream has to keep it."""
    troubles.held_back = True
    troubles.stop_workers()
    world.scheduler.sleep("workers to end", _BEGUN_AGAIN_S)
    world.feeder.feed(200)
    world.scheduler.sleep("entries to be old", world.limits.retention_s + 10.0)
    troubles.held_back = False


def _stop_amid_opening(world: ConsumingBase, troubles: ConsumingNemesis, _chance: random.Random) -> None:
    """Workers are asked to stop while they open sessions that take long, of a Postgres that then is silent."""
    troubles.postgres.open_slowly(world.scheduler.sleep)


def _hold_one_up(world: ConsumingBase, troubles: ConsumingNemesis, chance: random.Random) -> None:
    """One worker waits for a lock in Postgres; it lives and says so, and the others have time."""
    idle_s = world.claim_idle_ms / 1000
    world.scheduler.sleep("nobody to be excused", 2 * idle_s + _BEGUN_AGAIN_S)
    workers = troubles.workers()
    if len(workers) < 2:
        return
    held = chance.choice(workers).process
    world.database.holds_one_up = lambda session: world.consuming.owner(session) is held
    for _ in range(4):
        world.feeder.feed(5)
        world.scheduler.sleep("a lock", idle_s)
    world.database.holds_one_up = lambda _session: False


def _lose_one(world: ConsumingBase, troubles: ConsumingNemesis, chance: random.Random) -> None:
    """One worker dies with entries in hand and never begins again: others take these over, and delete its consumer."""
    world.database.locked = True
    world.feeder.feed(20)
    world.scheduler.sleep("entries in hand", _BEGUN_AGAIN_S)
    workers = troubles.workers()
    if len(workers) > 1:
        lost = chance.choice(workers)
        lost.away_until_ns = world.scheduler.now_ns + int(_FOR_GOOD_S * NS)
        assert lost.process is not None
        world.story.tell("world", f"{lost.process.name} dies for good")
        lost.process.kill()
    world.disturb()
    world.database.locked = False


def _lose_acknowledgements(world: ConsumingBase, _troubles: ConsumingNemesis, chance: random.Random) -> None:
    """Connections break over acknowledgements, and over nothing else: what is written stays pending."""
    world.service.breaks_over = lambda data: b"XACK" in data and chance.random() < 0.5
    for _ in range(8):
        world.feeder.feed(chance.choice((1, 5, 20)))
        world.scheduler.sleep("batch after batch", 3.0)
    world.service.breaks_over = lambda _data: False
    world.disturb()


def _refuse_all(world: ConsumingBase, troubles: ConsumingNemesis, _chance: random.Random) -> None:
    """Nothing passes for so long that all gets isolated attempts: it is not the entries."""
    troubles.postgres.refuse_all(letters_too=False)
    world.feeder.feed(10)
    world.scheduler.sleep("isolated attempts of all", _ISOLATED_S)
    troubles.postgres.heal()


SCRIPTS: dict[str, Script] = {
    "workers die amid a batch": _die_amid,
    "another Redis takes over": _take_over,
    "workers are away": _be_away,
    "workers stop while they connect": _stop_amid_opening,
    "one worker waits": _hold_one_up,
    "one worker never comes back": _lose_one,
    "acknowledgements are lost": _lose_acknowledgements,
    "all is refused": _refuse_all,
}
