"""What all parts of the run share: servers, the bot's settings, processes that are killed and begun again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from desk.operations.users import add_user
from signaltape import Settings
from sink.db import Connection
from tests.chaos.child import Child
from tests.chaos.desk.telegram import Chats, Disorder
from tests.chaos.rig import Rig
from tests.support.botapi import TOKEN
from tests.support.botapi_updates import UpdatesServer, updates_server

ADMIN, TRADER, VIEWER = 101, 102, 103
STRANGERS = range(9_001, 9_021)
CATEGORIES = ("institutional", "sniper", "scalp", "health")
#: Half of them people, half groups; each takes the alerts of one category.
CHATS = (101, 102, 103, 104, 105, 106, -2001, -2002, -2003, -2004, -2005, -2006)
BLOCKED, GROUP, SUPERGROUP = "106", "-2006", -1_001_000_002_006
#: The chat's first id by its new one.
LOGICAL = {str(SUPERGROUP): GROUP}
KILL_EVERY_S = 1.0
#: So many of the desks send the JSON below each alert: a second message, which waits for the first.
_WITH_JSON = 0.3


def category_of(chat: int) -> str:
    """What a chat gets."""
    return CATEGORIES[CHATS.index(chat) % len(CATEGORIES)]


def chats_of(category: str) -> list[int]:
    """Who gets it."""
    return [chat for chat in CHATS if category_of(chat) == category]


class Run:
    """One run: a rig, a bot, its processes."""

    def __init__(self, rig: Rig, server: UpdatesServer, chance: random.Random) -> None:
        self.rig, self.server, self.chance = rig, server, chance
        self.chats = Chats(chance)
        server.chat = self.chats
        self.disorder = Disorder(server, chance)
        self.kills = 0
        self.ended_by_themselves: list[str] = []
        self.database: Connection = rig.database()
        rig.environment.update(self._environment())

    def settings(self) -> Settings:
        """Of a process of this rig."""
        return Settings.from_env(self.rig._usual_environment())

    def start(self, what: str) -> Child:
        """A desk or a sender."""
        env = {"SIGNALTAPE_ALERT_JSON": "reply" if self.chance.random() < _WITH_JSON else "off"}
        return self.rig.start(what, "tests.chaos.desk.child", what, env=env)

    def rows(self, query: str, *values: Any) -> list[Any]:
        """Ask the tables."""
        return self.database.execute(query, values).fetchall()

    def while_killing(self, processes: list[Child], step: Callable[[], bool], within_s: float) -> list[str]:
        """Call `step` until it says that all is done; a process is killed and begun again every second or so.

        What went wrong: that it took longer.
        """
        began = time.monotonic()
        next_kill = began + KILL_EVERY_S
        while not step():
            now = time.monotonic()
            if now - began > within_s:
                return [f"not done within {within_s:.0f} s"]
            if now >= next_kill:
                self._kill(processes)
                next_kill = time.monotonic() + KILL_EVERY_S * self.chance.uniform(0.5, 1.5)
            time.sleep(0.02)  # between two looks
        return []

    def settle(self, processes: list[Child], done: Callable[[], bool], within_s: float) -> bool:
        """Leave them alone until all is done. False if it took too long."""
        end = time.monotonic() + within_s
        while not done():
            if time.monotonic() > end:
                return False
            for place, child in enumerate(processes):
                if not child.running:
                    self._again(processes, place)
            time.sleep(0.1)  # between two looks
        return True

    def _kill(self, processes: list[Child]) -> None:
        place = self.chance.randrange(len(processes))
        if processes[place].running:
            processes[place].kill()
            self.kills += 1
        self._again(processes, place)

    def _again(self, processes: list[Child], place: int) -> None:
        child = processes[place]
        code = child.popen.wait(10)
        if code != -9:
            self.ended_by_themselves.append(f"{child.name} ended by itself with {code}: {child.last_line()}")
        processes[place] = self.start(child.name)

    def _environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.rig.direct_database.reveal(),
            "REDIS_URL": self.rig.valkey.url,
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_BASE": self.server.base,
            "TELEGRAM_ADMIN_IDS": str(ADMIN),
            "SIGNALTAPE_ALERT_CHATS": ",".join(f"{chat}={category_of(chat)}" for chat in CHATS),
            "SIGNALTAPE_ALERT_BUDGETS": "off",
        }


@contextmanager
def prepared(seed: int) -> Iterator[Run]:
    """A run with its users, before any process of it."""
    with Rig(1, seed="desk", anew=False) as rig, updates_server() as server:
        run = Run(rig, server, random.Random(f"{seed}:desk"))
        for user, role in ((TRADER, "trader"), (VIEWER, "viewer")):
            add_user(run.settings(), user, role, datetime.now(UTC), name=role)  # type: ignore[arg-type]
        try:
            yield run
        finally:
            run.database.close()
