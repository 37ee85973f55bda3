"""Read ahead: the next batch is decoded, and the one behind it fetched, while the one before is being written."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import Generic, TypeVar

from consumer.batch_size import BatchSize
from consumer.consumer import Consumer
from consumer.entry import DecodedBatch, Decoding, Entry, Handed
from consumer.in_flight import InFlight
from consumer.janitor import Janitor
from consumer.limits import Limits
from consumer.link import RedisError
from consumer.recovery import Recovery
from signaltape.shipping.backoff import Backoff

log = logging.getLogger("signaltape")

B = TypeVar("B", bound=DecodedBatch)

#: How long one blocking read waits; a stop is noticed within this time.
BLOCK_MS = 500
#: Entries asked for in one read at most. Several reads make a batch.
READ_COUNT = 1000
#: A batch is handed on once its entries take this much, however few they are.
BATCH_BYTES = 16 * 1024 * 1024
LOOK_EVERY_S = 10.0


class Prefetcher(Generic[B]):
    """Fetches batches in one thread and has them decoded in another; at most one waits for them to be written.

    `next_batch` gives them; `done` says of each, in order, that it was acknowledged.
    once: end when the stream is drained, and raise the first Redis error instead of waiting for Redis.
    """

    def __init__(
        self, consumer: Consumer, decoding: Decoding[B], limits: Limits, stop: threading.Event, *, once: bool
    ) -> None:
        self._consumer = consumer
        self._decoding = decoding
        self._limits = limits
        self._stop = stop
        self._once = once
        self._size = BatchSize(min(READ_COUNT, limits.max_entries), BATCH_BYTES)
        self._in_flight: InFlight[B] = InFlight()
        self._recovery = Recovery(consumer, decoding, limits, stop, self._in_flight, self._size)
        self._janitor = (
            Janitor(consumer, limits.retention_s, limits.stream_max_bytes) if limits.tidies else None
        )
        #: the consumer's connections when it was begun to hand on what is pending
        self._connections = 0
        self._looked_at = -math.inf
        self._thread = threading.Thread(target=self._run, name="read-ahead", daemon=True)

    def start(self) -> None:
        """Begin reading."""
        self._thread.start()

    def next_batch(self) -> Handed[B] | None:
        """The next batch; waits for it. None when there will be no more. Raises what ended the reading."""
        return self._in_flight.next_batch()

    def done(self) -> None:
        """The oldest batch in flight is acknowledged (or left pending on purpose)."""
        self._in_flight.done()

    def fail(self, error: BaseException) -> None:
        """The oldest batch in flight could not be acknowledged: it stays in hand, `next_batch` raises the error."""
        self._in_flight.end(error)

    def set_aside(self, refused: Sequence[Entry], *, isolated: bool) -> None:
        """Entries stay pending that could not be written; they are read again in a while."""
        self._recovery.set_aside(refused, isolated=isolated)

    def is_no_crash(self) -> None:
        """The batch that is being written waits for its target: what it holds does not end the process."""
        self._in_flight.is_no_crash()

    def abandon(self) -> None:
        """Stop reading and wait for the thread. A batch that nobody took stays pending in Redis."""
        self._stop.set()
        self._in_flight.abandon()
        self._thread.join()
        self._in_flight.shut_down()

    def _run(self) -> None:
        try:
            self._read_all()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for batches
            self._in_flight.end(error)
        else:
            self._in_flight.end(None)

    def _read_all(self) -> None:
        backoff = Backoff()
        fresh = False  # whether the group is there and our own pending entries were handed on
        while not self._stop.is_set():
            try:
                if not fresh or self._recovery.is_due:
                    self._begin()
                    fresh = True
                more = self._read_one()
                if self._consumer.connections != self._connections:
                    # behind it may be another server, which has its own of what is pending
                    fresh, more = False, True
            except RedisError as error:
                if self._once:
                    raise
                fresh = False  # the lost answer may have held entries: they are pending for us now
                self._recovery.after_an_outage()
                self._consumer.disconnect()
                wait_s = backoff.next_s()
                log.warning("Redis does not deliver, trying again in %.1f s: %s", wait_s, error)
                self._stop.wait(wait_s)
                continue
            if backoff.waiting:
                log.info("Redis delivers again")
                backoff.reset()
            if self._once and not more:
                return

    def _begin(self) -> None:
        """Make the group, then hand on what is pending."""
        self._look_around()
        self._consumer.ensure_group()
        self._in_flight.await_none()
        self._connections = self._consumer.connections
        self._recovery.go_through_pending()

    def _read_one(self) -> bool:
        """Read one batch and hand it on. False if there was nothing."""
        found, claimed, tried = self._find_more(), self._recovery.claim(), self._recovery.try_some_isolated()
        if self._stop.is_set():
            return False  # nothing new behind what is pending, which was not gone through to its end
        wait_ms = None if self._once or self._recovery.waiting else BLOCK_MS
        first = self._consumer.read_new(self._size.count, wait_ms)
        entries = self._gather(first) if first else []
        if entries:
            self._in_flight.hand_on(entries, partial(self._decoding.decode, entries))
        if self._janitor is not None:
            self._janitor.tidy()
        return bool(found or claimed or tried or entries)

    def _gather(self, entries: list[Entry]) -> list[Entry]:
        """Fill a batch up: by count, by bytes, or until its age is reached."""
        limits = self._limits
        deadline = time.monotonic() + limits.max_age_ms / 1000
        size = self._size.weigh(entries)
        while len(entries) < limits.max_entries and size < BATCH_BYTES:
            more = self._consumer.read_new(min(self._size.count, limits.max_entries - len(entries)))
            entries.extend(more)
            size += self._size.weigh(more)
            left_s = deadline - time.monotonic()
            if left_s <= 0 or (self._once and not more):
                break
            if not more and self._stop.wait(left_s):
                break
        return entries

    def _find_more(self) -> bool:
        """Now and then look for partitions beyond one's own: an engine may be set to more of them."""
        found = time.monotonic() - self._looked_at >= LOOK_EVERY_S and self._look_around()
        if found:
            self._begin()
        return found

    def _look_around(self) -> bool:
        self._looked_at = time.monotonic()
        found = self._consumer.look_around()
        if found:
            log.warning("reading %s too: they are there now, or can be read again", ", ".join(found))
        return bool(found)
