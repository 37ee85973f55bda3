"""What goes wrong with Postgres while consumers are at work: it refuses, is slow or silent, or away."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.simulation.worlds.consuming_acts import Act, Acts
from tests.simulation.worlds.consuming_base import ConsumingBase
from tests.simulation.worlds.stubborn_tables import Refusing

_KINDS = ("signal_published", "signal_triggered", "state_event")
#: States that say that the entry is refused, and others that pass.
_REFUSED, _PASSING = ("42501", "42P01", "XX000"), ("53100", "57014")


class PostgresTroubles(Acts):
    """What goes wrong with Postgres alone."""

    def __init__(self, world: ConsumingBase, chance: random.Random) -> None:
        super().__init__(world, chance)
        self._refuses: Refusing = lambda _entry: None
        #: a session takes so long to be opened
        self.opening_s = 0.0

    def acts(self) -> dict[str, Act]:
        """By kind."""
        return {
            "Postgres slow": self._slow,
            "Postgres silent": self._silent,
            "Postgres opens slowly": lambda _seconds: self.spawn(lambda: self.open_slowly(self.rest)),
            "Postgres refuses all": self._refuse_all,
            "Postgres refuses a kind": self._refuse_a_kind,
            "Postgres refuses, then is away": self._refuse_then_away,
        }

    def heal(self) -> None:
        """All is well."""
        self._not_refusing()
        self.world.database.pause = self.world.scheduler.pause
        self.opening_s = 0.0

    def refusal(self, entry: Any) -> str | None:
        """What it says to an event, a record or a dead letter."""
        return self._refuses(entry)

    def refuse(self, name: str, state: str) -> None:
        """Refuse a kind until healed."""
        self._refuses = lambda entry: state if getattr(entry, "name", "") == name else None

    def _not_refusing(self) -> None:
        self._refuses = lambda _entry: None

    def _slow(self, seconds: float) -> None:
        world, chance = self.world, self.chance
        takes_s = chance.choice((0.05, 0.4, 3.0))
        world.database.pause = lambda where: world.scheduler.sleep(where, takes_s * chance.random())

        def over() -> None:
            world.database.pause = world.scheduler.pause

        self.last(seconds, over, "a slow Postgres")

    def _silent(self, seconds: float) -> None:
        """It does not answer; perhaps workers are asked to stop meanwhile."""
        database, asks_after_s = self.world.database, self.chance.choice((None, 0.5, 5.0))
        database.locked = True
        self.last(max(seconds, 70.0), lambda: setattr(database, "locked", False), "the silence of Postgres")
        if asks_after_s is not None:

            def ask() -> None:
                self.rest("a silent Postgres", asks_after_s)
                self.stop_workers()

            self.spawn(ask)

    def open_slowly(self, rest: Callable[[str, float], None]) -> None:
        """Sessions end, and others take long to be opened; workers are asked to stop, then nothing is answered.

        rest: what waits.
        """
        database = self.world.database
        self.opening_s = 14.0
        for session in list(database.sessions):
            database.cut(session)
        self.world.feeder.feed(10)
        rest("sessions to be opened", 3.0)
        database.locked = True
        self.stop_workers()
        rest("a silent Postgres", 60.0)
        self.opening_s = 0.0
        database.locked = False
        self.world.disturb()

    def _refuse_a_kind(self, seconds: float) -> None:
        """Perhaps for so long that entries of it get isolated attempts."""
        states = self.chance.choice((_REFUSED, _PASSING))
        name, state = self.chance.choice(_KINDS), self.chance.choice(states)
        self.refuse(name, state)
        self.last(max(seconds, 40.0), self._not_refusing, f"refusing {name} with {state}")

    def refuse_all(self, *, letters_too: bool) -> None:
        """Refuse all until healed; perhaps dead letters pass."""
        self._refuses = lambda entry: "42501" if letters_too or hasattr(entry, "name") else None

    def _refuse_all(self, seconds: float) -> None:
        self.refuse_all(letters_too=self.chance.random() < 0.3)
        self.last(max(seconds, 130.0), self._not_refusing, "refusing all")

    def _refuse_then_away(self, _seconds: float) -> None:
        """A kind is refused; as its batch is written in pieces Postgres goes, and workers are asked to stop."""
        world, name, left = self.world, self.chance.choice(_KINDS), [self.chance.randrange(1, 12)]

        def refuse(entry: Any) -> str | None:
            if getattr(entry, "name", "") != name:
                return None
            left[0] -= 1
            if left[0] == 0:
                self.spawn(go)
            return "42501"

        def go() -> None:
            world.database.away = True
            self.rest("Postgres to be missed", 0.3)
            self.stop_workers()
            self.rest("Postgres", 10.0)
            world.database.away = False
            self._not_refusing()

        self._refuses = refuse
        self.last(60.0, self._not_refusing, f"refusing {name}")
