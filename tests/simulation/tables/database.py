"""What is committed, who is connected, and what goes wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import psycopg
from psycopg import errors

from consumer.accepted import Accepted, AcceptedRecord, DeadLetter
from tests.simulation.tables.commits import Commit, Fate
from tests.simulation.tables.session import ModelConnection, Write


def _takes(_entry: Accepted | AcceptedRecord | DeadLetter) -> None:
    """A database that refuses nothing."""


def _answers() -> bool:
    """A line that loses no answer."""
    return False


class ModelDatabase:
    """The tables that a worker writes to.

    pause: a scheduling point: others may go on, this process may be killed, a fault may be raised;
    wait: sleep until something holds, at most so many simulated seconds; whether it holds.
    """

    def __init__(
        self, pause: Callable[[str], None], wait: Callable[[Callable[[], bool], float | None], bool]
    ) -> None:
        self.pause = pause
        self.wait = wait
        #: payload by (signal_id, event)
        self.events: dict[tuple[str, str], bytes] = {}
        #: the WIB day of each of them: its duplicates are counted there
        self.event_days: dict[tuple[str, str], date] = {}
        #: (name, payload) by id; the market's and the desk's are apart, as in the tables
        self.engine_records: dict[str, tuple[str, bytes]] = {}
        self.market_records: dict[str, tuple[str, bytes]] = {}
        self.desk_records: dict[str, tuple[str, bytes]] = {}
        #: payload by (id of the event or record, content as text)
        self.conflicts: dict[tuple[str, str], bytes] = {}
        #: reason by (stream, entry id)
        self.dead_letters: dict[tuple[str, str], str] = {}
        self.duplicate_counts: Counter[date] = Counter()
        #: every transaction that was committed, in this order
        self.commits: list[Commit] = []
        #: sessions that the server holds
        self.sessions: list[ModelConnection] = []
        self._opened = 0
        self._away = False

        #: somebody else holds the tables: every statement waits until this is False again
        self.locked = False
        #: the SQLSTATE for an event, a record or a dead letter that Postgres refuses
        self.refusing: Callable[[Accepted | AcceptedRecord | DeadLetter], str | None] = _takes
        #: asked at each commit: whether the client gets an error instead of its answer
        self.lose_commit_answer: Callable[[], bool] = _answers

    @property
    def records_by_group(self) -> dict[str, dict[str, tuple[str, bytes]]]:
        """Records by what lies together."""
        return {"market": self.market_records, "desk": self.desk_records, "engine": self.engine_records}

    @property
    def records(self) -> dict[str, tuple[str, bytes]]:
        """All records; of an id that is there twice, the engine's."""
        return {**self.market_records, **self.desk_records, **self.engine_records}

    @property
    def away(self) -> bool:
        """Whether the server is down: nobody can connect, and every session has ended."""
        return self._away

    @away.setter
    def away(self, away: bool) -> None:
        self._away = away
        if away:
            for session in list(self.sessions):
                self.cut(session)

    def connect(self, _url: object, *, name: str = "model", autocommit: bool = True) -> ModelConnection:
        """Stands in for `sink.db.connect`. Raises OperationalError while the server is away."""
        assert autocommit, name
        self.pause("connect")
        if self._away:
            raise psycopg.OperationalError("connection failed: the server is away")
        self._opened += 1
        session = ModelConnection(self, self._opened)
        self.sessions.append(session)
        return session

    def session_of(self, fileno: int) -> ModelConnection | None:
        """The open session with this number for a socket."""
        return next((one for one in self.sessions if one.fileno() == fileno), None)

    def cut(self, session: ModelConnection, sqlstate: str | None = None) -> None:
        """End a session from the server's side: what it did is rolled back now, it learns of it at its next touch.

        sqlstate: 57P01 for an operator who ended it; None for a line that broke.
        """
        if sqlstate is None:
            session.lose(psycopg.OperationalError("server closed the connection unexpectedly"))
        else:
            session.lose(errors.lookup(sqlstate)("terminating connection due to administrator command"))
        self._forget(session)

    def end_session(self, session: ModelConnection) -> None:
        """Its process died, or it was closed: what is not committed is rolled back."""
        session.closed = True
        self._forget(session)

    def _forget(self, session: ModelConnection) -> None:
        session.roll_back(0)
        if session in self.sessions:
            self.sessions.remove(session)

    def holds_up(self, _session: ModelConnection) -> bool:
        """Whether the statements of a session wait for whoever holds the tables."""
        return self.locked

    def row(self, table: str, key: Any) -> Any:
        """What is committed under a key; None if nothing is."""
        if table == "events":
            return (self.events[key], self.event_days[key]) if key in self.events else None
        return getattr(self, table).get(key)

    def holder(self, table: str, key: Any, but: ModelConnection) -> ModelConnection | None:
        """Another session that holds a key in a transaction that goes on."""
        return next((one for one in self.sessions if one is not but and one.holds(table, key)), None)

    def commit(self, session: ModelConnection, writes: list[Write], fates: list[Fate]) -> Commit:
        """Make writes visible, all of them at once."""
        for write in writes:
            if write.table == "events":
                self.events[write.key], self.event_days[write.key] = write.row
            elif write.table == "duplicate_counts":
                self.duplicate_counts[write.key] += write.row
            else:
                getattr(self, write.table)[write.key] = write.row
        commit = Commit(session.number, tuple(fates))
        self.commits.append(commit)
        return commit
