"""What was given out before and is still pending: one's own after a start, the dead's, what was refused, poison."""

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
from consumer.entry import DecodedBatch, Decoding, Entry
from consumer.in_flight import InFlight
from consumer.isolation import Isolation
from consumer.limits import Limits
from consumer.poison import is_poison, reason
from signaltape.shipping.backoff import Backoff

log = logging.getLogger("signaltape")

B = TypeVar("B", bound=DecodedBatch)

CLAIM_EVERY_S = 10.0
#: Entries that were refused are offered again after the first, and at last every so many seconds.
ASIDE_FIRST_S, ASIDE_CAP_S = 5.0, 60.0
#: Said of what nobody here has been given.
NOT_IN_FLIGHT = (
    "entries are pending here that are not in flight: Redis gave them to a connection that was dead, or a second "
    "process has this name; reading them again"
)
#: For so long isolated attempts are made before others have their turn again.
_ISOLATED_S = 0.2


class Recovery(Generic[B]):
    """Hands on again what is pending. All of it in the reader's thread, but `set_aside`, which the writer calls."""

    def __init__(
        self,
        consumer: Consumer,
        decoding: Decoding[B],
        limits: Limits,
        stop: threading.Event,
        in_flight: InFlight[B],
        size: BatchSize,
    ) -> None:
        self._consumer = consumer
        self._decoding = decoding
        self._limits = limits
        self._stop = stop
        self._in_flight = in_flight
        self._size = size
        self._isolation = Isolation()
        self._going_through = False  # what is pending, and nothing else is in flight
        self._between_offers = Backoff(ASIDE_FIRST_S, ASIDE_CAP_S)
        self._again_at: float | None = None
        #: its attempt is counted in Redis, or may be: the answer may have been lost
        self._attempted: Entry | None = None
        self._claimed_at = -math.inf
        self._looks_at = -math.inf

    @property
    def waiting(self) -> bool:
        """Whether an entry waits for an isolated attempt."""
        return self._isolation.waiting

    @property
    def is_due(self) -> bool:
        """Whether it is time to go through all that is pending once more."""
        again_at = self._again_at
        return self._isolation.is_cut if again_at is None else time.monotonic() >= again_at

    def set_aside(self, refused: Sequence[Entry], *, isolated: bool) -> None:
        """Entries stay pending that could not be written; they are read again in a while."""
        if isolated or self._going_through:
            self._isolation.refused(refused, isolated=isolated)
        if self._again_at is None:
            self._again_at = time.monotonic() + self._between_offers.next_s()

    def after_an_outage(self) -> None:
        """While Redis was away nobody could say that what they hold is in work: take nothing over for a while."""
        self._claimed_at = time.monotonic() + self._limits.claim_idle_ms / 1000 - CLAIM_EVERY_S

    def go_through_pending(self) -> None:
        """Hand on what is pending for oneself; a kind that is refused waits for the next round."""
        self._end_attempt()
        self._again_at = None
        self._isolation.begin_round()
        self._going_through = True
        self._consumer.rewind()
        while not self._stop.is_set() and (entries := self._consumer.read_pending(self._size.count)):
            self._size.weigh(entries)
            self._redeliver(self._isolation.tryable(entries))
            self._in_flight.await_none()
        self._going_through = False
        if self._again_at is None and not self._isolation.waiting:
            self._between_offers.reset()
            self._isolation.forget()

    def claim(self) -> bool:
        """Now and then take over what consumers that died had in flight. Whether there is more to do."""
        now = time.monotonic()
        if now - self._claimed_at < CLAIM_EVERY_S:
            return False
        self._claimed_at = now
        claimed = self._consumer.claim(self._size.count, self._limits.claim_idle_ms)
        if claimed:
            if len(claimed) >= self._size.count:
                self._claimed_at = -math.inf  # there are more of them
            self._size.weigh(claimed)
            log.info("took over %d entries from consumers that do not answer", len(claimed))
            self._redeliver(claimed)
        lost = self._look_for_lost(now)
        # A living worker asks for entries twice a second, and comes into being again when it does.
        for name in self._consumer.delete_idle(self._limits.claim_idle_ms):
            log.info("deleted consumer %s: it held nothing and was silent", name)
        return bool(claimed) or lost

    def try_some_isolated(self) -> bool:
        """Try some poison candidates, one by one, not for so long that others wait. False if none was left."""
        until, tried = time.monotonic() + _ISOLATED_S, False
        while not self._stop.is_set() and time.monotonic() < until and (entry := self._isolation.pop()):
            self._try_isolated(entry)
            tried = True
        return tried

    def _look_for_lost(self, now: float) -> bool:
        """What is neither in flight nor a poison candidate should not be pending; if it is, all is read again."""
        if now < self._looks_at or self._again_at is not None or self.waiting:
            return False
        self._looks_at = now + self._limits.claim_idle_ms / 1000
        if not self._consumer.holds_beside(self._in_flight.ids) or self._again_at is not None:
            return False
        if self._stop.is_set():  # what is left pending at a stop is no surprise
            return False
        log.warning(NOT_IN_FLIGHT)
        self._again_at = -math.inf
        return True

    def _redeliver(self, entries: list[Entry]) -> None:
        """Hand on entries that were given out before; poison candidates wait for their turn."""
        self._consumer.strike_out([entry for entry in entries if entry.fields is None])
        entries = [entry for entry in entries if entry.fields is not None]
        candidates = self._consumer.poison_candidates(entries)
        ordinary = [entry for entry in entries if (entry.stream, entry.entry_id) not in candidates]
        if ordinary:
            self._in_flight.hand_on(ordinary, partial(self._decoding.decode, ordinary))
        self._isolation.add([entry for entry in entries if (entry.stream, entry.entry_id) in candidates])

    def _try_isolated(self, entry: Entry) -> None:
        self._in_flight.await_none()
        self._attempted = entry
        tries = self._consumer.begin_isolated_attempt(entry)
        if tries is None:
            log.warning(
                "Redis is out of memory: entry %s is tried again later, as it may crash workers",
                entry.entry_id,
            )
            self.set_aside([entry], isolated=True)
            return
        make = partial(self._decoding.decode, [entry])
        if is_poison(tries):
            log.error("entry %s goes to the dead letters: %s", entry.entry_id, reason(tries))
            make = partial(self._decoding.to_dead_letter, entry, reason(tries))
        self._in_flight.hand_on_isolated(entry, make)
        self._end_attempt()
        self._in_flight.await_none()

    def _end_attempt(self) -> None:
        """Whatever was attempted has not ended this process: no answer that got lost may count as if it had."""
        if self._attempted is not None:
            self._consumer.end_isolated_attempt(self._attempted)
            self._attempted = None
