"""Read ahead: a thread that fetches and decodes the next batch while Postgres works on this one."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import NamedTuple

from signaltape.shipping.backoff import Backoff
from worker.consumer import Consumer, RedisError
from worker.decoding import Batch, Entry, sort_entries

log = logging.getLogger("worker")

#: How long one blocking read waits; a stop is noticed within this time.
BLOCK_MS = 500
#: Entries asked for in one read. Several reads make a batch, so that a burst of large entries is noticed.
READ_COUNT = 1000
#: A batch is handed on once its entries take this much, however few they are.
BATCH_BYTES = 16 * 1024 * 1024
CLAIM_EVERY_S = 10.0
#: A consumer that holds nothing and was silent for this long is deleted.
FORGET_CONSUMER_MS = 15 * 60 * 1000


class Limits(NamedTuple):
    """When a batch is handed on, and when entries of others are taken over."""

    max_entries: int = 5000
    max_age_ms: int = 50
    claim_idle_ms: int = 60_000


class ReadAhead:
    """Fetches batches in a thread; at most one waits while another is in work.

    `next_batch` gives them; `done` says that the last one was acknowledged.
    once: end when the stream is drained, and raise the first Redis error instead of waiting for Redis.
    """

    def __init__(self, consumer: Consumer, limits: Limits, stop: threading.Event, *, once: bool) -> None:
        self._consumer = consumer
        self._limits = limits
        self._stop = stop
        self._once = once
        self._changed = threading.Condition()
        self._ready: deque[Batch] = deque()
        self._in_hand = 0
        self._ended = False
        self._abandoned = False
        self._error: BaseException | None = None
        self._claimed_at = float("-inf")
        self._thread = threading.Thread(target=self._run, name="read-ahead", daemon=True)

    def start(self) -> None:
        """Begin reading."""
        self._thread.start()

    def next_batch(self) -> Batch | None:
        """The next batch; waits for it. None when there will be no more.

        Raises what ended the reading, if it was an error.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._ended)
            if not self._ready:
                if self._error is not None:
                    raise self._error
                return None
            batch = self._ready.popleft()
            self._changed.notify_all()
            return batch

    def done(self) -> None:
        """The batch that was given last is acknowledged (or left pending on purpose)."""
        with self._changed:
            self._in_hand -= 1
            self._changed.notify_all()

    def abandon(self) -> None:
        """Stop reading and wait for the thread. A batch that nobody took stays pending in Redis."""
        self._stop.set()
        with self._changed:
            self._abandoned = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._read_all()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for batches
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _read_all(self) -> None:
        backoff = Backoff()
        fresh = False  # whether the group is there and our own pending entries were handed on
        while not self._stop.is_set():
            try:
                if not fresh:
                    self._begin()
                    fresh = True
                more = self._read_one()
            except RedisError as error:
                if self._once:
                    raise
                fresh = False  # the lost answer may have held entries: they are pending for us now
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
        """Make the group, then hand on what was given to this consumer before and never acknowledged."""
        self._consumer.ensure_group()
        self._await_empty_hands()
        after: dict[str, str] = {}
        while not self._stop.is_set():
            entries = self._consumer.read_pending(READ_COUNT, after)
            if not entries:
                return
            for entry in entries:
                after[entry.stream] = entry.entry_id
            self._hand_on(entries)

    def _read_one(self) -> bool:
        """Read one batch and hand it on. False if there was nothing."""
        claimed = self._claim()
        first = self._consumer.read_new(READ_COUNT, None if self._once else BLOCK_MS)
        entries = self._gather(first) if first else []
        if entries:
            self._hand_on(entries)
        return bool(claimed or entries)

    def _gather(self, entries: list[Entry]) -> list[Entry]:
        """Fill a batch up: by count, by bytes, or until its age is reached."""
        limits = self._limits
        deadline = time.monotonic() + limits.max_age_ms / 1000
        size = _bytes_of(entries)
        while len(entries) < limits.max_entries and size < BATCH_BYTES:
            more = self._consumer.read_new(min(READ_COUNT, limits.max_entries - len(entries)))
            entries.extend(more)
            size += _bytes_of(more)
            left_s = deadline - time.monotonic()
            if left_s <= 0 or (self._once and not more):
                break
            if not more and self._stop.wait(left_s):
                break
        return entries

    def _claim(self) -> bool:
        """Now and then take over what consumers that died had in hand."""
        now = time.monotonic()
        if now - self._claimed_at < CLAIM_EVERY_S:
            return False
        self._claimed_at = now
        claimed = self._consumer.claim(self._limits.max_entries, self._limits.claim_idle_ms)
        if claimed:
            log.info("took over %d entries from consumers that do not answer", len(claimed))
            self._hand_on(claimed)
        for name in self._consumer.delete_idle(FORGET_CONSUMER_MS):
            log.info("deleted consumer %s: it held nothing and was silent", name)
        return bool(claimed)

    def _hand_on(self, entries: list[Entry]) -> None:
        batch = sort_entries(entries)
        with self._changed:
            self._changed.wait_for(lambda: not self._ready or self._abandoned)
            self._ready.append(batch)
            self._in_hand += 1
            self._changed.notify_all()

    def _await_empty_hands(self) -> None:
        """Wait until what was read is acknowledged: else it would be read again as pending."""
        with self._changed:
            self._changed.wait_for(lambda: self._in_hand == 0 or self._abandoned)


def _bytes_of(entries: list[Entry]) -> int:
    return sum(len(value) for entry in entries if entry.fields for value in entry.fields)
