"""Ghosts and a worker that are killed again and again beside a market: the same rows and messages as without a kill."""

from __future__ import annotations

import random
import signal
import time
from typing import Any, NamedTuple

from signaltape import Settings
from signaltape.shipping.service import ship_once
from tests.chaos.child import Child
from tests.chaos.ghosts_compared import awaited, compared, has_followed, is_drained
from tests.chaos.rig import STREAM, Rig
from tests.support.ghost_market import GhostMarket
from tests.support.ghosting import Tape

PARTITIONS = 2
KILL_EVERY_S = 0.3
#: Minutes of the market between two looks at the processes, and how long its writer then rests.
_MINUTES, _REST_S = 2, 0.05
_SETTLE_S = 120.0
_FOLLOWED = {"SIGNALTAPE_GHOST": "all", "SIGNALTAPE_TRACK": "true"}


class GhostsCounted(NamedTuple):
    """What the run came to. wrong: all that is not as without kills."""

    kills: int
    took_s: float
    entries: int
    orders: int
    closed: int
    lines_rung: int
    messages: int
    wrong: list[str]


def run_ghosts(kills: int, seed: int) -> GhostsCounted:
    """Kill so often; then compare with a ghost that follows the same tape undisturbed."""
    began = time.monotonic()
    with Rig(1, seed="ghosts", partitions=PARTITIONS, anew=False) as rig:
        rig.environment.update(
            {"REDIS_URL": rig.valkey.url, "DATABASE_URL": rig.direct_database.reveal(), **_FOLLOWED}
        )
        with rig.redis() as client:
            killing = _Killing(rig, random.Random(f"{seed}:ghosts"))
            _trade_while_killing(client, killing, kills, seed)
            wrong = killing.wrong + _settled(rig, client)
            wrong += _stopped(rig, client)
            took_s, found = time.monotonic() - began, compared(rig, client)
            figures = found._replace(wrong=wrong + found.wrong)
            return GhostsCounted(killing.kills, took_s, *figures)


class _Killing:
    """Two ghosts, of which one stands by, and a worker."""

    def __init__(self, rig: Rig, chance: random.Random) -> None:
        self._rig, self._chance = rig, chance
        self._processes = [self._start(name) for name in ("ghost", "ghost", "worker")]
        self.kills = 0
        self.wrong: list[str] = []

    def kill(self) -> None:
        """One of them, which then begins again."""
        place = self._chance.randrange(len(self._processes))
        child = self._processes[place]
        if child.running:
            child.kill()
            self.kills += 1
        else:
            self.wrong.append(f"{child.name} ended by itself: {child.last_line()}")
        self._processes[place] = self._start(child.name)

    def _start(self, name: str) -> Child:
        if name == "worker":
            return self._rig.start_worker()
        return self._rig.start("ghost", "ghost", "--batch", "50")


def _trade_while_killing(client: Any, killing: _Killing, kills: int, seed: int) -> None:
    market, minute = GhostMarket(Tape(client, STREAM, PARTITIONS), seed), 0
    next_kill = time.monotonic() + KILL_EVERY_S
    while killing.kills < kills:
        market.run(_MINUTES, start=minute)
        minute += _MINUTES
        time.sleep(_REST_S)  # between two stretches of the market
        if time.monotonic() >= next_kill:
            killing.kill()
            next_kill = time.monotonic() + KILL_EVERY_S


def _settled(rig: Rig, client: Any) -> list[str]:
    """Wait until a ghost has read all, and has told all that there is to tell."""
    with rig.database() as connection:
        return awaited("the ghost", lambda: has_followed(rig, client, connection))


def _stopped(rig: Rig, client: Any) -> list[str]:
    """End the ghosts, which ship what they have told; then the worker, once it has stored that."""
    for ghost in rig.of("ghost"):
        ghost.send(signal.SIGTERM)
        ghost.popen.wait(_SETTLE_S)
    ship_once(Settings.from_env(rig._usual_environment()))  # what those that were killed had not shipped
    return awaited("the worker", lambda: is_drained(rig, client)) + rig.stop_all()
