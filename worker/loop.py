"""The worker: the stream's batches into Postgres."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from consumer.accepted import Outcome
from consumer.consumer import Consumer
from consumer.decoding.decode import decode_entries, to_dead_letter
from consumer.entry import Decoding, Entry
from consumer.limits import Limits
from consumer.loop import Loop
from consumer.writing import SinkUnavailable
from signaltape.plain_errors import one_line
from signaltape.settings import Secret
from sink.db import CONNECTION_ERRORS, Connection, DatabaseError, connect
from sink.write.lines import Prepared, prepare
from sink.write.writer import BatchWriter

log = logging.getLogger("worker")

_REPORT_EVERY_S = 10.0
#: So long a batch in hand may take after a stop. Platforms kill half a minute after they asked.
FINISH_S = 10.0
#: A transaction that stands still for so long is that of a process that does: others took over what it had in hand, and
#: wait for its keys.
MOST_IDLE_S = 60
#: SQLSTATE classes of errors that say nothing about the batch and pass: connection, state of the transaction,
#: deadlock, resources, locks and settings, an operator, the system.
_NOT_NOW = ("08", "25", "40", "53", "55", "57", "58")
#: "out of shared memory": a smaller batch takes fewer locks.
_TOO_MUCH_AT_ONCE = "53200"
#: No such column, table or index to insert by: what is written is not what this schema holds.
_OF_ANOTHER_SCHEMA = ("42703", "42P01", "42P10")
_SAY_EVERY_S = 60.0


class Worker:
    """Moves entries from the stream to Postgres until stopped.

    make_consumer: a consumer for one thread (there are two: reading, acknowledging).
    database: where to write.
    stop: set it to finish the batch in hand, acknowledge it and leave.
    """

    def __init__(
        self,
        make_consumer: Callable[[], Consumer],
        database: Secret,
        stop: threading.Event,
        limits: Limits = Limits(),  # noqa: B008 - immutable
    ) -> None:
        self._stop = stop
        self._tables = _Tables(database)
        self._loop = Loop(make_consumer, self._tables, Decoding(_sort, _to_dead_letter), stop, limits)

    @property
    def total(self) -> Outcome:
        """What was done so far."""
        return self._tables.total

    def run(self, *, once: bool = False) -> Outcome:
        """Work until stopped; with `once`, until the stream is drained. Returns what was done.

        With `once`, raises the first error of Redis or SinkUnavailable, the latter at the end if entries were
        refused and stay pending; otherwise waits for ever.
        """
        ended = threading.Event()
        threading.Thread(target=self._end_in_time, args=(ended,), name="end-in-time", daemon=True).start()
        try:
            self._loop.run(once=once)
        finally:
            ended.set()
        return self.total

    def _end_in_time(self, ended: threading.Event) -> None:
        self._stop.wait()
        if not ended.wait(FINISH_S):
            log.warning(
                "Postgres takes longer than %.0f s: what is in hand is left for the next start", FINISH_S
            )
            self._tables.break_off()


def _sort(entries: Sequence[Entry]) -> Prepared:
    return prepare(decode_entries(entries))


def _to_dead_letter(entry: Entry, reason: str) -> Prepared:
    return prepare(to_dead_letter(entry, reason))


def _is_refusal(error: DatabaseError) -> bool:
    """Whether Postgres, being there, refuses what it was given and may take something else."""
    if error.sqlstate is None:
        return not isinstance(error, CONNECTION_ERRORS)
    return error.sqlstate == _TOO_MUCH_AT_ONCE or error.sqlstate[:2] not in _NOT_NOW


class _Tables:
    """Postgres as the loop's target: one transaction a batch, a new session after an error."""

    def __init__(self, database: Secret) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._writer: BatchWriter | None = None
        #: held to open, close and break off a session, not while it writes
        self._changing = threading.Lock()
        self._broken_off = False
        self.total = Outcome()
        self._reported = Outcome()
        self._reported_at = time.monotonic()
        self._said_at = float("-inf")

    def write(self, batch: Prepared) -> None:
        """Commit a batch. Raises SinkUnavailable while Postgres is away, or refuses it."""
        writer = None
        try:
            writer = self._open_writer()
            outcome = writer.write_prepared(batch)
        except DatabaseError as error:
            self.close()
            refused = writer is not None and _is_refusal(error)
            self._say_of_another_schema(error)
            raise SinkUnavailable("Postgres", one_line(error), refused=refused) from error
        self.total = self.total.plus(outcome)
        self._report()

    def _say_of_another_schema(self, error: DatabaseError) -> None:
        if error.sqlstate in _OF_ANOTHER_SCHEMA and time.monotonic() - self._said_at > _SAY_EVERY_S:
            self._said_at = time.monotonic()
            log.error(
                "the database is newer or older than this worker: stop the workers, python -m sink migrate, start the"
                " newest; nothing is lost meanwhile"
            )

    def close(self) -> None:
        """End the session."""
        with self._changing:
            connection, self._connection, self._writer = self._connection, None, None
            if connection is not None:
                connection.close()

    def break_off(self) -> None:
        """Nothing more is written: whoever waits for Postgres, for a lock or an answer, is told that it is away.

        For another thread than that which writes.
        """
        with self._changing:
            self._broken_off = True
            if self._connection is not None:
                with (
                    suppress(OSError, *CONNECTION_ERRORS),  # it has ended by itself
                    socket.socket(fileno=os.dup(self._connection.fileno())) as line,
                ):
                    line.shutdown(socket.SHUT_RDWR)

    def _open_writer(self) -> BatchWriter:
        if self._writer is None:
            opened = connect(
                self._database, name="signaltape-worker", begun=self._hold, most_idle_s=MOST_IDLE_S
            )
            self._writer = BatchWriter(opened)
        return self._writer

    def _hold(self, begun: Connection) -> None:
        """From now on this session can be broken off, even before its first statement is answered."""
        with self._changing:
            if self._broken_off:
                raise SinkUnavailable("Postgres", "told to stop")
            self._connection = begun

    def _report(self) -> None:
        now = time.monotonic()
        elapsed = now - self._reported_at
        if elapsed < _REPORT_EVERY_S:
            return
        done = Outcome(*(new - old for new, old in zip(self.total, self._reported, strict=True)))
        self._reported, self._reported_at = self.total, now
        log.info(
            "stored %d (%.0f/s), duplicates %d, conflicts %d, dead letters %d",
            done.stored,
            done.stored / elapsed,
            done.duplicates,
            done.conflicts,
            done.dead,
        )
