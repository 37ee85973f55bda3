"""A Postgres that refuses by two rules, holds up one worker and no other, and deletes dead letters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.simulation.tables.commits import Commit, Fate
from tests.simulation.tables.database import ModelDatabase
from tests.simulation.tables.session import ModelConnection, Write

#: The SQLSTATE that an entry is refused with; None: it is taken.
Refusing = Callable[[Any], "str | None"]


class StubbornDatabase(ModelDatabase):
    """A Postgres that refuses by two rules: that of the nemesis of all, and that of consumers' own one."""

    def __init__(self, *args: Any) -> None:
        self._rules: list[Refusing] = [lambda _entry: None, lambda _entry: None]
        #: whether the session of this number is held up by a lock that concerns no other
        self.holds_one_up: Callable[[int], bool] = lambda _session: False
        #: told of each commit
        self.on_commit: Callable[[], None] = lambda: None
        #: told of each dead letter that is no more
        self.on_deleted: Callable[[tuple[str, str]], None] = lambda _place: None
        super().__init__(*args)

    @property
    def refusing(self) -> Refusing:
        """The SQLSTATE that an entry is refused with."""
        return lambda entry: self._rules[0](entry) or self._rules[1](entry)

    @refusing.setter
    def refusing(self, rule: Refusing) -> None:
        self._rules[0] = rule

    def stubborn(self, rule: Refusing) -> None:
        """The second rule."""
        self._rules[1] = rule

    def holds_up(self, session: ModelConnection) -> bool:
        return super().holds_up(session) or self.holds_one_up(session.number)

    def commit(self, session: ModelConnection, writes: list[Write], fates: list[Fate]) -> Commit:
        """A dead letter that is written as nothing is deleted."""
        done = super().commit(session, writes, fates)
        deleted = [write.key for write in writes if write.table == "dead_letters" and write.row is None]
        for key in deleted:
            del self.dead_letters[key]
        for key in deleted:
            self.on_deleted(key)
        self.on_commit()
        return done
