"""Where the desk's batches go: Postgres, a transaction for each step of one; a new session after an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from consumer.writing import SinkUnavailable
from desk.alerting.incoming import Incoming
from signaltape.failpoints import failpoint
from signaltape.plain_errors import one_line
from signaltape.settings import Secret
from sink.db import Connection, DatabaseError, connect

#: SQLSTATE classes of errors that are about what is written, and not about the server: values, constraints, limits.
_ABOUT_THE_BATCH = ("22", "23", "54")
#: A transaction that stands still for so long is that of a process that does: other desks wait for their turn.
_MOST_IDLE_S = 60.0


class Done(NamedTuple):
    """What was done: alerts sent and held, lives followed; refused: entries that cannot become an alert; told: news of
    ghosts; untold: lines that rang, and nobody is told.
    """

    sent: int = 0
    held: int = 0
    followed: int = 0
    refused: int = 0
    told: int = 0
    untold: int = 0

    def plus(self, other: Done) -> Done:
        """Both together."""
        return Done(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


#: What is done with a batch, or its first part, within a transaction that is committed behind it; and what is left.
Work = Callable[[Connection, Incoming], tuple[Done, Incoming | None]]
#: What is said of it, once it is.
Tell = Callable[[Connection, Incoming], None]


class Tables:
    """Postgres as the loop's target. For one thread."""

    def __init__(self, database: Secret, work: Work, tell: Tell) -> None:
        self._database = database
        self._work = work
        self._tell = tell
        self._connection: Connection | None = None
        self.total = Done()

    def write(self, batch: Incoming) -> None:
        """Commit what a batch asks for. Raises SinkUnavailable while Postgres is away, or refuses it."""
        if batch.concerns:
            self._commit(batch)
        self.total = self.total.plus(Done(refused=batch.refused))

    def close(self) -> None:
        """End the session."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _commit(self, batch: Incoming) -> None:
        connected = False
        try:
            connection = self._open()
            connected = True
            left: Incoming | None = batch
            while left is not None:
                left = self._step(connection, left)
            self._tell(connection, batch)
        except DatabaseError as error:
            self.close()
            raise SinkUnavailable(
                "Postgres", one_line(error), refused=connected and is_refusal(error)
            ) from error

    def _step(self, connection: Connection, batch: Incoming) -> Incoming | None:
        """A batch, or its first part; what is left of it."""
        with connection.transaction():
            done, left = self._work(connection, batch)
            failpoint("desk.before_commit")
        self.total = self.total.plus(done)
        failpoint("desk.after_commit")
        return left

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = connect(
                self._database, name="signaltape-desk-alerts", most_idle_s=_MOST_IDLE_S
            )
        return self._connection


def is_refusal(error: DatabaseError) -> bool:
    """Whether Postgres, being there, refuses what it was given and may take something else."""
    return error.sqlstate is not None and error.sqlstate[:2] in _ABOUT_THE_BATCH
