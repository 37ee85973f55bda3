"""Read ahead: the next batch is decoded, and the one behind it fetched, while the one before is being written."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from consumer.batch_size import Pace
from consumer.consumer import Consumer, RedisError
from consumer.entry import DecodedBatch, Decoding, Entry, Handed
from consumer.isolation import Isolation
from consumer.poison import is_poison, reason
from consumer.tidying import Tidying
from signaltape.shipping.backoff import Backoff

log = logging.getLogger("signaltape")

B = TypeVar("B", bound=DecodedBatch)

#: How long one blocking read waits; a stop is noticed within this time.
BLOCK_MS = 500
#: Entries asked for in one read at most. Several reads make a batch.
READ_COUNT = 1000
#: A batch is handed on once its entries take this much, however few they are.
BATCH_BYTES = 16 * 1024 * 1024
CLAIM_EVERY_S = 10.0
LOOK_EVERY_S = 10.0
#: Entries that were refused are offered again after the first, and at last every so many seconds.
ASIDE_FIRST_S, ASIDE_CAP_S = 5.0, 60.0
#: For so long entries are tried alone before others have their turn again.
_LONELY_S = 0.2


class Limits(NamedTuple):
    """When a batch is handed on, when entries of others are taken over, how long the stream keeps entries."""

    max_entries: int = 5000
    max_age_ms: int = 30
    claim_idle_ms: int = 60_000
    retention_s: int = 86_400
    stream_max_bytes: int = 0


class Prefetcher(Generic[B]):
    """Fetches batches in one thread and sorts them in another; at most one waits for them to be written.

    `next_batch` gives them; `done` says of each, in order, that it was acknowledged.
    once: end when the stream is drained, and raise the first Redis error instead of waiting for Redis.
    """

    def __init__(
        self, consumer: Consumer, sorting: Decoding[B], limits: Limits, stop: threading.Event, *, once: bool
    ) -> None:
        self._consumer = consumer
        self._sorting = sorting
        self._limits = limits
        self._stop = stop
        self._once = once
        self._changed = threading.Condition()
        self._ready: deque[tuple[Sequence[Entry], Future[B], bool]] = deque()
        self._in_hand = 0
        self._ended = False
        self._abandoned = False
        self._no_crash = False
        self._again_at: float | None = None
        self._isolation = Isolation()
        self._pace = Pace(min(READ_COUNT, limits.max_entries), BATCH_BYTES)
        self._going_through = False  # what is pending, and nothing else is in hand
        self._between_offers = Backoff(ASIDE_FIRST_S, ASIDE_CAP_S)
        self._error: BaseException | None = None
        #: the consumer's connections when it was begun to hand on what is pending
        self._connections = 0
        self._looked_at = -math.inf
        self._claimed_at = -math.inf
        self._tidying = Tidying(consumer, limits.retention_s, limits.stream_max_bytes)
        self._thread = threading.Thread(target=self._run, name="read-ahead", daemon=True)
        # While Redis looks up the next entries, those it gave before are decoded.
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="sort")

    def start(self) -> None:
        """Begin reading."""
        self._thread.start()

    def next_batch(self) -> Handed[B] | None:
        """The next batch; waits for it. None when there will be no more.

        Raises what ended the reading, if it was an error.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._ended)
            if not self._ready:
                if self._error is not None:
                    raise self._error
                return None
            entries, batch, isolated = self._ready.popleft()
            self._changed.notify_all()
        return Handed(entries, batch.result(), isolated)

    def done(self) -> None:
        """The oldest batch in hand is acknowledged (or left pending on purpose)."""
        with self._changed:
            self._in_hand -= 1
            self._changed.notify_all()

    def set_aside(self, refused: Sequence[Entry], *, isolated: bool) -> None:
        """Entries stay pending that could not be written; they are read again in a while."""
        if isolated or self._going_through:
            self._isolation.refused(refused, isolated=isolated)
        if self._again_at is None:
            self._again_at = time.monotonic() + self._between_offers.next_s()

    def is_no_crash(self) -> None:
        """The batch that is being written waits for its target: what it holds does not end the process."""
        with self._changed:
            self._no_crash = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Stop reading and wait for the thread. A batch that nobody took stays pending in Redis."""
        self._stop.set()
        with self._changed:
            self._abandoned = True
            self._changed.notify_all()
        self._thread.join()
        self._beside.shutdown(cancel_futures=True)

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
                again_at = self._again_at
                if not fresh or (
                    self._isolation.is_cut if again_at is None else time.monotonic() >= again_at
                ):
                    self._begin()
                    fresh = True
                more = self._read_one()
                if self._consumer.connections != self._connections:
                    fresh, more = (
                        False,
                        True,
                    )  # behind it may be another server, which has its own of what is pending
            except RedisError as error:
                if self._once:
                    raise
                fresh = False  # the lost answer may have held entries: they are pending for us now
                # While Redis was away nobody could say that what they hold is in work.
                self._claimed_at = time.monotonic() + self._limits.claim_idle_ms / 1000 - CLAIM_EVERY_S
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
        """Make the group, then hand on what is pending; a kind that is refused waits for the next round."""
        self._look_around()
        self._consumer.ensure_group()
        self._await_empty_hands()
        self._connections = self._consumer.connections
        self._again_at = None
        self._isolation.begin_round()
        self._going_through = True
        after: dict[str, str] = {}
        while not self._stop.is_set() and (entries := self._consumer.read_pending(self._pace.count, after)):
            self._pace.weigh(entries)
            for entry in entries:
                after[entry.stream] = entry.entry_id
            self._redeliver(self._isolation.tryable(entries))
            self._await_empty_hands()
        self._going_through = False
        if self._again_at is None and not self._isolation.waiting:
            self._between_offers.reset()
            self._isolation.forget()

    def _read_one(self) -> bool:
        """Read one batch and hand it on. False if there was nothing."""
        found, claimed, tried = self._find_more(), self._claim(), self._try_some_alone()
        wait_ms = None if self._once or self._isolation.waiting else BLOCK_MS
        first = self._consumer.read_new(self._pace.count, wait_ms)
        entries = self._gather(first) if first else []
        if entries:
            self._hand_on(entries, partial(self._sorting.sort, entries))
        self._tidying.tidy()
        return bool(found or claimed or tried or entries)

    def _gather(self, entries: list[Entry]) -> list[Entry]:
        """Fill a batch up: by count, by bytes, or until its age is reached."""
        limits = self._limits
        deadline = time.monotonic() + limits.max_age_ms / 1000
        size = self._pace.weigh(entries)
        while len(entries) < limits.max_entries and size < BATCH_BYTES:
            more = self._consumer.read_new(min(self._pace.count, limits.max_entries - len(entries)))
            entries.extend(more)
            size += self._pace.weigh(more)
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

    def _claim(self) -> bool:
        """Now and then take over what consumers that died had in hand."""
        now = time.monotonic()
        if now - self._claimed_at < CLAIM_EVERY_S:
            return False
        self._claimed_at = now
        claimed = self._consumer.claim(self._pace.count, self._limits.claim_idle_ms)
        if claimed:
            if len(claimed) >= self._pace.count:
                self._claimed_at = -math.inf  # there are more of them
            self._pace.weigh(claimed)
            log.info("took over %d entries from consumers that do not answer", len(claimed))
            self._redeliver(claimed)
        # A living worker asks for entries twice a second, and comes into being again when it does.
        for name in self._consumer.delete_idle(self._limits.claim_idle_ms):
            log.info("deleted consumer %s: it held nothing and was silent", name)
        return bool(claimed)

    def _redeliver(self, entries: list[Entry]) -> None:
        """Hand on entries that were given out before; those that may crash workers wait for their turn."""
        self._consumer.strike_out([entry for entry in entries if entry.fields is None])
        entries = [entry for entry in entries if entry.fields is not None]
        suspects = self._consumer.suspects(entries)
        ordinary = [entry for entry in entries if (entry.stream, entry.entry_id) not in suspects]
        if ordinary:
            self._hand_on(ordinary, partial(self._sorting.sort, ordinary))
        self._isolation.add([entry for entry in entries if (entry.stream, entry.entry_id) in suspects])

    def _try_some_alone(self) -> bool:
        """Try some that may crash workers, one by one, not for so long that others wait. False if none was left."""
        until, tried = time.monotonic() + _LONELY_S, False
        while not self._stop.is_set() and time.monotonic() < until and (entry := self._isolation.pop()):
            self._try_alone(entry)
            tried = True
        return tried

    def _try_alone(self, entry: Entry) -> None:
        self._await_empty_hands()
        tries = self._consumer.begin_isolated_attempt(entry)
        if tries is None:
            log.warning(
                "Redis is out of memory: entry %s is tried again later, as it may crash workers",
                entry.entry_id,
            )
            self.set_aside([entry], isolated=True)
            return
        with self._changed:
            self._no_crash = False
        make = partial(self._sorting.sort, [entry])
        if is_poison(tries):
            log.error("entry %s goes to the dead letters: %s", entry.entry_id, reason(tries))
            make = partial(self._sorting.to_dead_letter, entry, reason(tries))
        self._hand_on([entry], make, isolated=True)
        with self._changed:
            self._changed.wait_for(lambda: self._no_crash or self._in_hand == 0 or self._abandoned)
        self._consumer.end_isolated_attempt(entry.stream, entry.entry_id)
        self._await_empty_hands()

    def _hand_on(self, entries: Sequence[Entry], make: Callable[[], B], *, isolated: bool = False) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._ready or self._abandoned)
            self._ready.append((entries, self._beside.submit(make), isolated))
            self._in_hand += 1
            self._changed.notify_all()

    def _await_empty_hands(self) -> None:
        """Wait until what was read is acknowledged: else it would be read again as pending."""
        with self._changed:
            self._changed.wait_for(lambda: self._in_hand == 0 or self._abandoned)
