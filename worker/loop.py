"""The worker: batch after batch, write, commit, acknowledge; through every outage of Redis and Postgres."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from signaltape.settings import Secret
from signaltape.shipping.backoff import Backoff
from sink.db import Connection, DatabaseError, connect, one_line
from sink.entries import Outcome
from sink.writer import BatchWriter
from worker.consumer import Consumer, RedisError
from worker.decoding import Batch
from worker.read_ahead import Limits, ReadAhead

log = logging.getLogger("worker")

_REPORT_EVERY_S = 10.0


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
        self._make_consumer = make_consumer
        self._database = database
        self._stop = stop
        self._limits = limits
        self._connection: Connection | None = None
        self._writer: BatchWriter | None = None
        self.total = Outcome()
        self._reported = Outcome()
        self._reported_at = time.monotonic()

    def run(self, *, once: bool = False) -> Outcome:
        """Work until stopped; with `once`, until the stream is drained. Returns what was done.

        With `once`, raises the first error of Redis or Postgres; otherwise waits for them for ever.
        """
        reading, acknowledging = self._make_consumer(), self._make_consumer()
        ahead = ReadAhead(reading, self._limits, self._stop, once=once)
        ahead.start()
        try:
            while (batch := ahead.next_batch()) is not None:
                if self._write(batch, once=once):
                    self._acknowledge(acknowledging, batch, once=once)
                ahead.done()
                self._report()
            self._leave(acknowledging)
        finally:
            ahead.abandon()
            reading.close()
            acknowledging.close()
            self._close_database()
        return self.total

    def _write(self, batch: Batch, *, once: bool) -> bool:
        """Commit a batch, however long Postgres is away. False if stopped before that: it stays pending."""
        backoff = Backoff()
        while True:
            try:
                outcome = self._open_writer().write(batch.accepted, batch.dead)
            except DatabaseError as error:
                self._close_database()
                if once:
                    raise
                wait_s = backoff.next_s()
                log.warning("Postgres does not write, trying again in %.1f s: %s", wait_s, one_line(error))
                if self._stop.wait(wait_s):
                    log.warning("%d entries stay pending for the next start", batch.size)
                    return False
                continue
            if backoff.waiting:
                log.info("Postgres is back")
            self.total = self.total.plus(outcome)
            return True

    def _acknowledge(self, consumer: Consumer, batch: Batch, *, once: bool) -> None:
        """Acknowledge what is committed. If that fails, it comes again and is dropped as duplicate."""
        backoff = Backoff()
        while True:
            try:
                consumer.acknowledge(batch.ids)
                return
            except RedisError as error:
                consumer.disconnect()
                if once:
                    raise
                wait_s = backoff.next_s()
                log.warning("cannot acknowledge, trying again in %.1f s: %s", wait_s, error)
                if self._stop.wait(wait_s):
                    return

    def _leave(self, consumer: Consumer) -> None:
        try:
            consumer.leave()
        except RedisError as error:
            log.info("left without signing off: %s", error)

    def _open_writer(self) -> BatchWriter:
        if self._writer is None:
            self._connection = connect(self._database, name="signaltape-worker")
            self._writer = BatchWriter(self._connection)
        return self._writer

    def _close_database(self) -> None:
        connection, self._connection, self._writer = self._connection, None, None
        if connection is not None:
            connection.close()

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
